"""The released gate on the data set: radiographs are admitted, rotated and inverted ones refused and corrected."""

import numpy as np
import pytest

from dataset.index import dataset_root, load_index
from dataset.split import split_for_training
from model.admission.gate import CORRECTIONS, AdmissionGate
from model.codes import Caution
from model.imaging.radiograph import Radiograph
from model.inference.classifier import load_model
from training.data.loading import read_radiograph

pytestmark = [pytest.mark.slow, pytest.mark.dataset]


@pytest.fixture(scope="module")
def gate() -> AdmissionGate:
    return AdmissionGate.from_classifier(load_model())


@pytest.fixture(scope="module")
def radiographs() -> list[Radiograph]:
    return [read_radiograph(image) for image in split_for_training(load_index(dataset_root())).validation]


def test_at_most_one_percent_of_the_validation_radiographs_is_refused(gate, radiographs):
    refused = [bool(gate.examine(radiograph).admission.refusals) for radiograph in radiographs]
    assert np.mean(refused) <= 0.01


def test_rotated_and_inverted_radiographs_are_refused_with_the_correct_correction(gate, radiographs):
    is_right = []
    for radiograph in radiographs[::60]:
        for correction in CORRECTIONS:
            rotated = np.rot90(radiograph.pixels, correction.turns)  # counterclockwise
            pixels = np.ascontiguousarray(255 - rotated if correction.invert else rotated)
            admission = gate.examine(Radiograph(pixels, radiograph.source_format, radiograph.bits)).admission
            assert admission.refusals
            is_right.append(admission.correction == correction)
    assert np.mean(is_right) > 0.95


def test_a_training_image_has_the_caution_near_duplicate(gate):
    for image in split_for_training(load_index(dataset_root())).training[::400]:
        assert Caution.NEAR_DUPLICATE in gate.examine(read_radiograph(image)).admission.cautions
