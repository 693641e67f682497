"""Maps beside boxes of radiologists: what hits, what overlaps, and what cannot be used is told."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from model.errors import DatasetError
from model.imaging.geometry import WHOLE_IMAGE
from model.inference.lung_segmentation import LungMask
from training.evaluation.heatmaps.radiologist_boxes import BOXES_FILE, iou, lung_centroids, pointing_game_boxes

HEIGHT, WIDTH = 100, 200
HOT = (slice(40, 60), slice(40, 60))  # of the film: rows and columns
LABELS = "file,patient\na.png,1\nb.png,2\n"
TABLE = "file,x,y,width,height\na.png,40,40,20,20\nb.png,0,0,10,10\nb.png,180,80,20,20\n"


def lungs() -> LungMask:
    fields = np.zeros((HEIGHT, WIDTH), bool)
    fields[20:80, 20:80] = fields[20:80, 120:180] = True
    return LungMask(fields, WHOLE_IMAGE)


class SpotReader:
    """Its map is hot in the one place."""

    def __init__(self, heat: float = 1.0):
        self._heat = np.zeros((HEIGHT, WIDTH), np.float32)
        self._heat[HOT] = heat

    def see(self, _):
        return SimpleNamespace(lungs=lungs())

    def finding(self, _):
        return SimpleNamespace(heat_map=self._heat, heat_map_box=WHOLE_IMAGE)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two films, one in a folder below, and their tables."""
    for path in (tmp_path / "a.png", tmp_path / "below" / "b.png"):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((HEIGHT, WIDTH), 90, np.uint8)).save(path)
    (tmp_path / "labels.csv").write_text(LABELS)
    (tmp_path / BOXES_FILE).write_text(TABLE)
    return tmp_path


def test_a_peak_within_any_box_of_its_film_is_a_hit_and_overlap_is_with_all_of_them(folder):
    measured = pointing_game_boxes(SpotReader(), folder)

    assert (measured["pointing"]["value"], measured["pointing"]["n"]) == (0.5, 2)
    assert measured["overlap"]["value"] == pytest.approx(0.5, abs=0.06)  # all of the one, nothing of the other


def test_the_guess_is_a_lungs_centre_half_a_hit_each_and_a_disc_as_large_as_the_maps_area(folder):
    measured = pointing_game_boxes(SpotReader(), folder)
    assert measured["pointing_guess"]["value"] == 0.25  # of the first film one of two centres
    assert 0.1 < measured["overlap_guess"]["value"] < 0.25


def test_a_film_without_evidence_is_a_miss_without_overlap(folder):
    measured = pointing_game_boxes(SpotReader(heat=0.0), folder)
    assert (measured["pointing"]["value"], measured["overlap"]["value"]) == (0, 0)


def test_where_there_are_no_boxes_nothing_is_measured(folder):
    (folder / BOXES_FILE).unlink()
    assert pointing_game_boxes(SpotReader(), folder) is None


def told(folder: Path, words: str) -> None:
    with pytest.raises(DatasetError, match=f"^{re.escape(f'{folder} {words}')}$"):
        pointing_game_boxes(SpotReader(), folder)


def test_a_film_that_is_missing_is_told(folder):
    (folder / "a.png").unlink()
    told(folder, "lacks a film that boxes.csv names.")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (BOXES_FILE, ""),
        (BOXES_FILE, "file,x,y,width\na.png,1,2,3\n"),
        (BOXES_FILE, TABLE.replace("180", "far right")),
        ("labels.csv", "file,patient\na.png,1\n"),
        ("labels.csv", "file,who\na.png,1\nb.png,2\n"),
    ],
    ids=["empty", "a column missing", "a place in words", "a film without patient", "no patients"],
)
def test_a_table_that_cannot_be_used_is_told(folder, name, content):
    (folder / name).write_text(content)
    told(folder, "cannot be used: boxes.csv with file, x, y, width and height is wanted, of films in labels.csv.")


def test_centres_are_those_of_the_two_largest_fields_or_of_the_film():
    found = lungs()
    found.fields[0:3, 0:3] = True  # a speck
    assert [tuple(map(float, centre)) for centre in lung_centroids(found)] == [(0.5, 0.25), (0.5, 0.75)]
    assert lung_centroids(None) == [(0.5, 0.5)]


def test_one_field_has_one_centre():
    fields = np.zeros((10, 10), bool)
    fields[2:4, 2:4] = True
    assert len(lung_centroids(LungMask(fields, WHOLE_IMAGE))) == 1


def test_overlap_is_intersection_over_union():
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert iou(one, other) == 0
    one[:2], other[1:3] = True, True
    assert iou(one, other) == pytest.approx(1 / 3)
    assert iou(one, one) == 1
