"""Synthetic opacities lie in a lung, and the pointing game rewards maps that find them."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import training.evaluation.heatmaps.synthetic_opacities
from dataset.index import LabelledImage
from model.codes import Label
from model.imaging.geometry import WHOLE_IMAGE
from model.inference.classifier import ClassifierOutput, Inference
from model.inference.lung_segmentation import LungMask, lung_box
from training.evaluation.heatmaps.synthetic_opacities import DENSITY, RADIUS, add_opacity, pointing_game_synthetic

pytestmark = pytest.mark.slow

SIDE, CELLS = 224, 14


def two_lungs() -> LungMask:
    fields = np.zeros((56, 56), bool)
    fields[12:46, 8:24] = fields[12:46, 32:48] = True
    return LungMask(fields, lung_box(fields))


class BrightnessClassifier:
    """Classifier whose map, unless given, shows cells above the background. Its logit is the brightest cell."""

    def __init__(self, lungs: LungMask | None = None, heat=None):
        self.segmenter = SimpleNamespace(segment=lambda _: lungs)
        self._heat = heat or (lambda cells: np.clip((cells - 100) / 155, 0, 1))

    def infer_working(self, working):
        size = SIDE // CELLS
        cells = working.reshape(CELLS, size, CELLS, size).mean(axis=(1, 3))
        return Inference(working, None, None, ClassifierOutput(float(cells.max()), self._heat(cells), None))

    def finding_from(self, inference):
        output = inference.output
        return SimpleNamespace(
            heat_map=output.class_activation_map, heat_map_box=WHOLE_IMAGE, probability=min(1.0, output.logit / 255)
        )


@pytest.fixture
def records(tmp_path) -> list[LabelledImage]:
    """Images of uniform grey."""
    images = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((SIDE, SIDE), 90, np.uint8)).save(path)
        images.append(LabelledImage(path, "train", Label.NORMAL, f"patient {number}", f"patient {number}", "none"))
    return images


def test_a_map_that_follows_the_opacity_hits_it_and_raises_the_probability(records):
    metrics = pointing_game_synthetic(BrightnessClassifier(two_lungs()), records)

    assert {name: metrics[name]["value"] for name in ("hit", "hit_before", "raised")} == {
        "hit": 1,
        "hit_before": 0,
        "raised": 1,
    }
    assert metrics["before"]["value"] == pytest.approx(90 / 255)
    assert metrics["after"]["value"] > metrics["before"]["value"] + 0.1
    assert metrics["hit"]["n"] == 6


def test_a_map_that_shows_the_same_corner_of_every_image_misses_it(records):
    corner = np.zeros((CELLS, CELLS), np.float32)
    corner[0, 0] = 1
    metrics = pointing_game_synthetic(BrightnessClassifier(two_lungs(), lambda _: corner), records)
    assert (metrics["hit"]["value"], metrics["hit_before"]["value"]) == (0, 0)


def test_images_in_which_no_lungs_are_found_are_left_out(records):
    assert pointing_game_synthetic(BrightnessClassifier(None), records)["hit"] == {
        "n": 0,
        "value": None,
        "low": None,
        "high": None,
    }


def test_the_sample_is_deterministic(records, monkeypatch):
    monkeypatch.setattr(training.evaluation.heatmaps.synthetic_opacities, "N_OPACITIES", 4)
    first, again = (pointing_game_synthetic(BrightnessClassifier(two_lungs()), records) for _ in range(2))
    assert first["hit"]["n"] == 4
    assert first == again


@given(seed=st.integers(0, 2**32 - 1))
def test_the_opacity_lies_in_a_lung_and_not_at_its_edge(seed):
    lungs = two_lungs()
    row, column = training.evaluation.heatmaps.synthetic_opacities._random_position(lungs, np.random.default_rng(seed))
    reach = RADIUS / 2 * (lungs.box.right - lungs.box.left)
    side = lungs.fields.shape[0]
    for down, across in ((0, 0), (-reach, 0), (reach, 0), (0, -reach), (0, reach)):
        assert lungs.fields[int((row + down) * side + 1e-6), int((column + across) * side + 1e-6)]


def test_an_opacity_adds_its_grey_values_up_to_white():
    working = np.full((4, 4), 200, np.float32)
    opacity = np.zeros((4, 4))
    opacity[1, 1], opacity[2, 2] = 30, DENSITY
    dense = add_opacity(working, opacity)
    assert (dense[1, 1], dense[2, 2], dense[0, 0]) == (230, 255, 200)
    assert dense.dtype == np.float32
