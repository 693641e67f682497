"""Cautions for images that are read."""

import dataclasses

import numpy as np
import pytest

from model.admission.gate import mean_neighbour_distance
from model.codes import Caution
from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import WORKING_SIDE, working_image
from tests.support.gates import admission, asymmetric_radiograph, with_limits


@pytest.mark.parametrize(("excess", "cautions"), [(1e-3, (Caution.OUT_OF_DISTRIBUTION,)), (-1e-3, ())])
def test_a_radiograph_far_from_all_training_images_has_a_caution(gate, index, excess, cautions):
    distance = mean_neighbour_distance(index, gate.classifier.infer(asymmetric_radiograph()).output.embedding)
    limited = with_limits(gate, max_neighbour_distance=distance - excess)
    assert admission(limited, asymmetric_radiograph()).cautions == cautions


def test_the_mean_neighbour_distance_excludes_a_group(index):
    embedding = np.random.default_rng(0).random(index.centre.shape, np.float32)
    group = index.groups[np.argmin(index.distances(embedding))]
    assert mean_neighbour_distance(index, embedding, group) > mean_neighbour_distance(index, embedding)


@pytest.mark.parametrize("limits", [{"min_detail": 255}, {"max_detail": 0}])
def test_a_blurred_or_noisy_image_has_a_caution(gate, limits):
    assert admission(with_limits(gate, **limits), asymmetric_radiograph()).cautions == (Caution.LOW_QUALITY,)


def test_an_image_smaller_than_the_working_image_has_a_caution(gate):
    assert admission(gate, asymmetric_radiograph(WORKING_SIDE - 1, 400)).cautions == (Caution.LOW_QUALITY,)
    assert admission(gate, asymmetric_radiograph(WORKING_SIDE, 400)).cautions == ()


def test_a_mirrored_image_has_a_caution(gate):
    assert admission(with_limits(gate, max_mirror_score=-1e9), asymmetric_radiograph()).cautions == (Caution.MIRRORED,)


def test_a_copy_of_a_training_image_has_a_caution(gate, index):
    fingerprints = index.fingerprints.copy()
    fingerprints[7] = perceptual_hash(working_image(asymmetric_radiograph()))
    with_copy = dataclasses.replace(gate, index=dataclasses.replace(index, fingerprints=fingerprints))
    assert admission(with_copy, asymmetric_radiograph()).cautions == (Caution.NEAR_DUPLICATE,)


def test_cautions_of_the_gate_follow_those_of_the_classifier(gate, monkeypatch):
    monkeypatch.setattr(gate.classifier.segmenter, "probability_map", lambda _: np.zeros((8, 8), np.float32))
    small = gate.examine(asymmetric_radiograph(WORKING_SIDE - 1, 400))
    assert gate.read(small).cautions == (Caution.LUNGS_NOT_FOUND, Caution.LOW_QUALITY)
