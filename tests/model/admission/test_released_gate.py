"""The released check on the real pictures: films are admitted, and spoiled ones refused and put right."""

import numpy as np
import pytest

from dataset.index import dataset_root, load_index
from dataset.split import cut
from model.admission.decision import Code
from model.admission.gate import REMEDIES, Gate
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Reader
from model.inference.release_loader import load_release
from training.data.loading import read_radiograph

pytestmark = pytest.mark.dataset


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate.of(Reader(load_release()))


@pytest.fixture(scope="module")
def films() -> list[Radiograph]:
    return [read_radiograph(record) for record in cut(load_index(dataset_root())).validation]


def test_at_most_one_in_a_hundred_validation_films_is_refused(gate, films):
    refused = [bool(gate.examine(film).admission.refusals) for film in films]
    assert np.mean(refused) <= 0.01


def test_turned_and_swapped_films_are_refused_and_the_right_step_is_offered(gate, films):
    offered = []
    for film in films[::60]:
        for remedy in REMEDIES:
            turned = np.rot90(film.pixels, remedy.turns)  # counterclockwise
            wrong = np.ascontiguousarray(255 - turned if remedy.invert else turned)
            admission = gate.examine(Radiograph(wrong, film.source_format, film.bits)).admission
            assert admission.refusals
            offered.append(admission.remedy == remedy)
    assert np.mean(offered) > 0.95


def test_a_film_of_the_training_patients_is_known_as_such(gate):
    for record in cut(load_index(dataset_root())).training[::400]:
        assert Code.NEAR_DUPLICATE in gate.examine(read_radiograph(record)).admission.cautions
