"""Cautions: what is read, and may be wrong."""

import dataclasses

import numpy as np
import pytest

from model.admission.gate import mean_neighbour_distance
from model.codes import Caution
from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import WORKING_SIDE, working_image
from tests.support.gates import admission, admitting_gate, film, limited  # noqa: F401 (a fixture)


def test_far_from_every_training_picture_is_a_caution(gate, index):
    distance = mean_neighbour_distance(index, gate.classifier.infer(film()).output.embedding)
    assert admission(limited(gate, most_distance=distance - 1e-3), film()).cautions == (Caution.OUT_OF_DISTRIBUTION,)
    assert admission(limited(gate, most_distance=distance + 1e-3), film()).cautions == ()


def test_a_group_is_left_out_of_the_distance_to_the_nearest(index):
    embedding = np.random.default_rng(0).random(index.centre.shape, np.float32)
    group = index.groups[np.argmin(index.distances(embedding))]
    assert mean_neighbour_distance(index, embedding, group) > mean_neighbour_distance(index, embedding)


@pytest.mark.parametrize("limits", [{"least_detail": 255}, {"most_detail": 0}])
def test_a_blurred_or_noisy_picture_is_a_caution(gate, limits):
    assert admission(limited(gate, **limits), film()).cautions == (Caution.LOW_QUALITY,)


def test_a_picture_smaller_than_the_networks_look_at_is_a_caution(gate):
    assert admission(gate, film(WORKING_SIDE - 1, 400)).cautions == (Caution.LOW_QUALITY,)
    assert admission(gate, film(WORKING_SIDE, 400)).cautions == ()


def test_left_and_right_swapped_is_a_caution(gate):
    assert admission(limited(gate, most_mirrored=-1e9), film()).cautions == (Caution.MIRRORED,)


def test_a_copy_of_a_training_picture_is_a_caution(gate, index):
    prints = index.fingerprints.copy()
    prints[7] = perceptual_hash(working_image(film()))
    known = dataclasses.replace(gate, index=dataclasses.replace(index, fingerprints=prints))
    assert admission(known, film()).cautions == (Caution.NEAR_DUPLICATE,)


def test_cautions_stand_in_the_finding_beside_those_of_the_reader(gate, monkeypatch):
    monkeypatch.setattr(gate.classifier.segmenter, "probability_map", lambda _: np.zeros((8, 8), np.float32))
    small = gate.examine(film(WORKING_SIDE - 1, 400))
    assert gate.read(small).cautions == ("lungs_not_found", Caution.LOW_QUALITY)
