"""Heat maps compared with radiologists' boxes: hits, overlap, and error messages for unusable tables."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from model.errors import TrainingError
from model.imaging.geometry import WHOLE_IMAGE
from model.inference.lung_segmentation import LungMask
from training.data.opacity_boxes import iou
from training.evaluation.heatmaps.radiologist_boxes import BOXES_FILE, lung_centroids, pointing_game_boxes

pytestmark = pytest.mark.slow

HEIGHT, WIDTH = 100, 200
HOT = (slice(40, 60), slice(40, 60))  # rows and columns of the image
LABELS = "file,patient\na.png,1\nb.png,2\n"
TABLE = "file,x,y,width,height\na.png,40,40,20,20\nb.png,0,0,10,10\nb.png,180,80,20,20\n"


def lungs() -> LungMask:
    fields = np.zeros((HEIGHT, WIDTH), bool)
    fields[20:80, 20:80] = fields[20:80, 120:180] = True
    return LungMask(fields, WHOLE_IMAGE)


class SpotClassifier:
    """Classifier whose heat map is hot in one place."""

    def __init__(self, heat: float = 1.0):
        self._heat = np.zeros((HEIGHT, WIDTH), np.float32)
        self._heat[HOT] = heat

    def infer(self, _):
        return SimpleNamespace(lungs=lungs())

    def finding_from(self, _):
        return SimpleNamespace(heat_map=self._heat, heat_map_box=WHOLE_IMAGE)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two images, one in a subfolder, and their tables."""
    for path in (tmp_path / "a.png", tmp_path / "below" / "b.png"):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((HEIGHT, WIDTH), 90, np.uint8)).save(path)
    (tmp_path / "labels.csv").write_text(LABELS)
    (tmp_path / BOXES_FILE).write_text(TABLE)
    return tmp_path


def test_a_peak_in_any_box_is_a_hit_and_overlap_is_with_all_boxes(folder):
    measured = pointing_game_boxes(SpotClassifier(), folder)

    assert (measured["pointing"]["value"], measured["pointing"]["n"]) == (0.5, 2)
    assert measured["overlap"]["value"] == pytest.approx(0.5, abs=0.06)  # 1 on the first image, 0 on the second


def test_the_baseline_guesses_the_centre_of_each_lung(folder):
    measured = pointing_game_boxes(SpotClassifier(), folder)
    assert measured["pointing_guess"]["value"] == 0.25  # on the first image, one of two centres
    assert 0.1 < measured["overlap_guess"]["value"] < 0.25


def test_an_image_without_evidence_is_a_miss_without_overlap(folder):
    measured = pointing_game_boxes(SpotClassifier(heat=0.0), folder)
    assert (measured["pointing"]["value"], measured["overlap"]["value"]) == (0, 0)


def test_without_boxes_nothing_is_measured(folder):
    (folder / BOXES_FILE).unlink()
    assert pointing_game_boxes(SpotClassifier(), folder) is None


def assert_error(folder: Path, message: str) -> None:
    with pytest.raises(TrainingError, match=f"^{re.escape(f'{folder} {message}')}$"):
        pointing_game_boxes(SpotClassifier(), folder)


def test_a_missing_image_gives_an_error_message(folder):
    (folder / "a.png").unlink()
    assert_error(folder, "cannot be used: an image in boxes.csv is missing.")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (BOXES_FILE, ""),
        (BOXES_FILE, "file,x,y,width\na.png,1,2,3\n"),
        (BOXES_FILE, TABLE.replace("180", "far right")),
        ("labels.csv", "file,patient\na.png,1\n"),
        ("labels.csv", "file,who\na.png,1\nb.png,2\n"),
    ],
    ids=["empty", "missing column", "position not a number", "image without patient", "no patients"],
)
def test_an_unusable_table_gives_an_error_message(folder, name, content):
    (folder / name).write_text(content)
    assert_error(
        folder,
        "cannot be used: boxes.csv must have the columns file, x, y, width and height, and all its images must be in "
        "labels.csv.",
    )


def test_centroids_are_those_of_the_two_largest_fields_or_of_the_image():
    mask = lungs()
    mask.fields[0:3, 0:3] = True  # a speck
    assert [tuple(map(float, centre)) for centre in lung_centroids(mask)] == [(0.5, 0.25), (0.5, 0.75)]
    assert lung_centroids(None) == [(0.5, 0.5)]


def test_one_field_has_one_centroid():
    fields = np.zeros((10, 10), bool)
    fields[2:4, 2:4] = True
    assert len(lung_centroids(LungMask(fields, WHOLE_IMAGE))) == 1


def test_overlap_is_intersection_over_union():
    first, second = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert iou(first, second) == 0
    first[:2], second[1:3] = True, True
    assert iou(first, second) == pytest.approx(1 / 3)
    assert iou(first, first) == 1
