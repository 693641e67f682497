"""The released check on the real pictures: films are admitted, and spoiled ones refused and put right."""

import numpy as np
import pytest

from dataset.index import dataset_root, load_index
from dataset.split import split_for_training
from model.admission.gate import CORRECTIONS, AdmissionGate
from model.codes import Caution
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from training.data.loading import read_radiograph

pytestmark = pytest.mark.dataset


@pytest.fixture(scope="module")
def gate() -> AdmissionGate:
    return AdmissionGate.from_classifier(Classifier(load_release()))


@pytest.fixture(scope="module")
def films() -> list[Radiograph]:
    return [read_radiograph(record) for record in split_for_training(load_index(dataset_root())).validation]


def test_at_most_one_in_a_hundred_validation_films_is_refused(gate, films):
    refused = [bool(gate.examine(film).admission.refusals) for film in films]
    assert np.mean(refused) <= 0.01


def test_turned_and_swapped_films_are_refused_and_the_right_step_is_offered(gate, films):
    offered = []
    for film in films[::60]:
        for correction in CORRECTIONS:
            turned = np.rot90(film.pixels, correction.turns)  # counterclockwise
            wrong = np.ascontiguousarray(255 - turned if correction.invert else turned)
            admission = gate.examine(Radiograph(wrong, film.source_format, film.bits)).admission
            assert admission.refusals
            offered.append(admission.correction == correction)
    assert np.mean(offered) > 0.95


def test_a_film_of_the_training_patients_is_known_as_such(gate):
    for record in split_for_training(load_index(dataset_root())).training[::400]:
        assert Caution.NEAR_DUPLICATE in gate.examine(read_radiograph(record)).admission.cautions
