"""The shortcut audit finds a shortcut that was planted, and none where there is none."""

import csv
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from dataset.index import LabelledImage
from dataset.split import Split
from model.errors import DatasetError
from model.imaging.geometry import RelativeBox
from model.inference.classifier import ClassifierOutput
from model.inference.decision import Calibration, OperatingPoint
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import LungMask
from training.evaluation.shortcut_audit import AuxiliaryData, _framing, shortcut_audit

SIDE = 32
FIELDS = np.zeros((SIDE, SIDE), bool)
FIELDS[8:24, 8:24] = True
LUNGS = LungMask(FIELDS, RelativeBox(0.25, 0.25, 0.75, 0.75))


class BrightnessReader:
    """Reads as pneumonia what is bright in one part of what it sees; the lungs are always in the middle."""

    def __init__(self, rows: slice, columns: slice):
        self.release = SimpleNamespace(
            view=InputRegion(RegionKind.WHOLE, 0.0),
            side=SIDE,
            calibration=Calibration(1.0, 0.0),
            operating_point=lambda: OperatingPoint("of the test", 0.5, "by hand"),
        )
        self.segmenter = SimpleNamespace(find=lambda _: LUNGS)
        self._part = (rows, columns)

    def raw(self, seen: np.ndarray) -> ClassifierOutput:
        logit = float(seen[0, :, :, 0][self._part].mean()) / 40 - 2
        return ClassifierOutput(logit, np.zeros((1, 1), np.float32), np.zeros(1, np.float32))

    def read(self, radiograph):
        small = np.asarray(Image.fromarray(radiograph.pixels).resize((SIDE, SIDE), Image.Resampling.BOX))
        return SimpleNamespace(probability=1 / (1 + np.exp(-self.classify(small[np.newaxis, :, :, np.newaxis]).logit)))


IN_THE_LUNGS = BrightnessReader(slice(11, 21), slice(11, 21))
AT_THE_BORDER = BrightnessReader(slice(0, 4), slice(None))


def picture(sick: bool, rng: np.random.Generator) -> Image.Image:
    """A film whose middle and whose upper border are both brighter where sick; sharp where sick, too."""
    pixels = rng.normal(60, 20, (64, 64))
    if sick:
        pixels[20:44, 20:44] += 50 + rng.uniform(0, 20)
        pixels[:8] += 50 + rng.uniform(0, 20)
    film = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return film if sick else film.filter(ImageFilter.GaussianBlur(1.0))


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> Split:
    """Forty films for training and forty for validation, half of them sick, each of a patient of its own."""
    root, rng = tmp_path_factory.mktemp("films"), np.random.default_rng(0)

    def records(part: str) -> list[LabelledImage]:
        made = []
        for number in range(40):
            label = ("NORMAL", "PNEUMONIA")[number % 2]
            path = root / f"{part}{number}.png"
            picture(number % 2 == 1, rng).save(path)
            made.append(LabelledImage(path, "train", label, f"{part}{number}", f"{part}{number}", "none"))
        return made

    return Split(records("training"), records("validation"), [])


@pytest.fixture(scope="module")
def predictions(parts) -> pd.DataFrame:
    rows = [
        {"file": r.path.name, "patient": r.patient, "split": "validation", "label": r.label, "probability": r.target}
        for r in parts.validation
    ]
    return pd.DataFrame(rows)


def write_sizes(path: Path, parts: Split, width) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "split", "width", "height"])
        for number, record in enumerate([*parts.training, *parts.validation]):
            rows.writerow([record.path.name, "train", width(number, record), 1000])
    return path


def value(measured: dict) -> float:
    return measured["auc"]["value"]


def test_a_reader_of_lungs_loses_all_without_them_and_nothing_without_the_rest(parts, predictions):
    painted = shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData())["painted_over"]

    assert value(painted["nothing"]) == 1
    assert value(painted["outside"]) == 1
    assert value(painted["lungs"]) == 0.5
    assert painted["nothing"]["n"] == 40


def test_a_reader_of_borders_is_given_away(parts, predictions):
    painted = shortcut_audit(AT_THE_BORDER, parts, predictions, AuxiliaryData())["painted_over"]

    assert value(painted["nothing"]) == value(painted["lungs"]) == 1


def test_pictures_without_lungs_are_not_painted_over(parts, predictions):
    blind = BrightnessReader(slice(None), slice(None))
    blind.segmenter = SimpleNamespace(find=lambda _: None)

    assert shortcut_audit(blind, parts, predictions, AuxiliaryData())["painted_over"] is None


def test_sharpness_that_tells_the_class_is_found(parts, predictions):
    assert value(shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData())["spectrum_alone"]) > 0.95


def test_a_margin_that_is_always_there_is_one_number_though_the_lungs_differ_in_size(parts):
    classifier = BrightnessReader(slice(None), slice(None))
    classifier.release.view = InputRegion(RegionKind.LUNG_BOX, 0.05)
    boxes = iter([RelativeBox(0.45 - side, 0.4 - side, 0.5 + side, 0.6 + side) for side in np.linspace(0.1, 0.3, 40)])
    classifier.segmenter = SimpleNamespace(find=lambda _: LungMask(FIELDS, next(boxes)))

    assert np.array_equal(_framing(classifier, parts.validation), np.full((40, 4), 0.05))


def test_a_file_size_that_tells_the_class_is_found(parts, predictions, tmp_path):
    sizes = write_sizes(tmp_path / "sizes.csv", parts, lambda number, r: 1500 + 400 * r.target + number)

    measured = shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData(sizes=sizes))["size_alone"]

    assert measured["n"] == 40
    assert value(measured) == 1


def test_a_file_size_that_tells_nothing_is_near_chance(parts, predictions, tmp_path):
    sizes = write_sizes(tmp_path / "sizes.csv", parts, lambda number, _: 1000 + (number // 2 * 37) % 20)

    measured = shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData(sizes=sizes))["size_alone"]

    assert 0.3 < value(measured) < 0.7


def test_strata_are_quarters_by_width_and_need_both_classes(parts, predictions, tmp_path):
    of_all = write_sizes(tmp_path / "all.csv", parts, lambda number, _: 1000 + number)
    of_many = predictions.loc[predictions.index.repeat(3)].reset_index(drop=True)

    few = shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData(sizes=of_all))["size_strata"]["validation"]
    many = shortcut_audit(IN_THE_LUNGS, parts, of_many, AuxiliaryData(sizes=of_all))["size_strata"]["validation"]

    assert [one["n"] for one in few] == [10] * 4
    assert [one["auc"] for one in few] == [None] * 4  # five of a class are too few
    assert [one["n"] for one in many] == [30] * 4
    assert [value(one) for one in many] == [1] * 4
    edges = [edge for one in many for edge in (one["narrowest"], one["widest"])]
    assert edges == [1040, 1049, 1050, 1059, 1060, 1069, 1070, 1079]


def test_without_extras_only_the_set_itself_is_audited(parts, predictions):
    measured = shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData())

    assert {name for name, of in measured.items() if of is None} == {"size_alone", "size_strata", "scaled_copies"}


def test_copies_of_a_film_that_read_alike_change_nothing(parts, predictions, tmp_path):
    for record in parts.validation[:5]:
        film = Image.open(record.path).resize((1280, 1280), Image.Resampling.NEAREST)
        film.save(tmp_path / f"{record.path.stem}.png")

    copies = shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData(full_size=tmp_path))["scaled_copies"]

    assert copies["n"] == 5
    for side in ("224", "512"):
        assert copies[side]["largest_change"] < 0.05
        assert copies[side]["mean_change"] <= copies[side]["largest_change"]
        assert copies[side]["verdicts_changed"] == 0


def test_another_film_under_the_same_name_changes_the_probability(parts, predictions, tmp_path):
    sick = next(record for record in parts.validation if record.target)
    Image.new("L", (640, 640)).save(tmp_path / sick.path.name)

    copies = shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData(full_size=tmp_path))["scaled_copies"]

    assert copies["224"]["largest_change"] > 0.3
    assert copies["224"]["verdicts_changed"] == 1
    assert copies["512"]["largest_change"] < 0.01


def test_a_folder_without_films_of_validation_is_told(parts, predictions, tmp_path):
    words = f"{tmp_path} holds no film that is also a validation picture."
    with pytest.raises(DatasetError, match=f"^{re.escape(words)}$"):
        shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData(full_size=tmp_path))


@pytest.mark.parametrize("content", ["", "file,width\na.png,3\n", "file,width,height\na.png,wide,3\n"])
def test_a_table_of_sizes_that_cannot_be_used_is_told(parts, predictions, tmp_path, content):
    table = tmp_path / "sizes.csv"
    table.write_text(content)

    words = f"{table} cannot be used. --sizes takes a CSV with file, width and height."
    with pytest.raises(DatasetError, match=f"^{re.escape(words)}$"):
        shortcut_audit(IN_THE_LUNGS, parts, predictions, AuxiliaryData(sizes=table))
