"""The shortcut audit finds planted shortcuts and no others."""

import csv
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from dataset.images import decode_image
from dataset.index import LabelledImage
from dataset.split import Split
from model.codes import LABELS, Population, SplitName
from model.errors import TrainingError
from model.imaging.geometry import RelativeBox
from model.inference.classifier import ClassifierOutput
from model.inference.decision import OperatingPoint
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import LungMask
from tests.support.populations import decision_rules
from training.evaluation.shortcut_audit import AuxiliaryData, shortcut_audit
from training.evaluation.shortcut_features import framing_features

pytestmark = pytest.mark.slow

SIDE = 32
FIELDS = np.zeros((SIDE, SIDE), bool)
FIELDS[8:24, 8:24] = True
LUNGS = LungMask(FIELDS, RelativeBox(0.25, 0.25, 0.75, 0.75))


class BrightnessClassifier:
    """Classifier whose logit grows with the brightness of one part of its input. The lungs are always in the middle."""

    def __init__(self, rows: slice, columns: slice):
        self.release = SimpleNamespace(
            input_region=InputRegion(RegionKind.WHOLE, 0.0),
            side=SIDE,
            populations={Population.CHILDREN: decision_rules(OperatingPoint("balanced", 0.5, "by hand"))},
        )
        self.segmenter = SimpleNamespace(segment=lambda _: LUNGS)
        self._part = (rows, columns)

    def run_network(self, network_input: np.ndarray) -> ClassifierOutput:
        logit = float(network_input[0, :, :, 0][self._part].mean()) / 40 - 2
        return ClassifierOutput(logit, np.zeros((1, 1), np.float32), np.zeros(1, np.float32))

    def read(self, radiograph):
        small = np.asarray(Image.fromarray(radiograph.pixels).resize((SIDE, SIDE), Image.Resampling.BOX))
        return SimpleNamespace(
            probability=1 / (1 + np.exp(-self.run_network(small[np.newaxis, :, :, np.newaxis]).logit))
        )


IN_THE_LUNGS = BrightnessClassifier(slice(11, 21), slice(11, 21))
AT_THE_BORDER = BrightnessClassifier(slice(0, 4), slice(None))


def radiograph(ill: bool, rng: np.random.Generator) -> Image.Image:
    """Return an image. If ill, its middle and upper border are brighter and it is sharper."""
    pixels = rng.normal(60, 20, (64, 64))
    if ill:
        pixels[20:44, 20:44] += 50 + rng.uniform(0, 20)
        pixels[:8] += 50 + rng.uniform(0, 20)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return image if ill else image.filter(ImageFilter.GaussianBlur(1.0))


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> Split:
    """Forty training and forty validation images, half of them ill, each from a different patient."""
    root, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)

    def make_records(name: str) -> list[LabelledImage]:
        records = []
        for number in range(40):
            label = LABELS[number % 2]
            path = root / f"{name}{number}.png"
            radiograph(number % 2 == 1, rng).save(path)
            records.append(LabelledImage(path, "train", label, f"{name}{number}", f"{name}{number}", "none"))
        return records

    return Split(make_records(SplitName.TRAINING), make_records(SplitName.VALIDATION), [])


@pytest.fixture(scope="module")
def predictions(split) -> pd.DataFrame:
    rows = [
        {
            "file": r.path.name,
            "patient": r.patient,
            "split": SplitName.VALIDATION,
            "label": r.label,
            "probability": r.target,
        }
        for r in split.validation
    ]
    return pd.DataFrame(rows)


def write_sizes(path: Path, split: Split, width) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "split", "width", "height"])
        for number, record in enumerate([*split.training, *split.validation]):
            rows.writerow([record.path.name, "train", width(number, record), 1000])
    return path


def value(measured: dict) -> float:
    return measured["auc"]["value"]


def test_a_classifier_of_lungs_needs_only_the_lungs(split, predictions):
    masked = shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData())["painted_over"]

    assert value(masked["nothing"]) == 1
    assert value(masked["outside"]) == 1
    assert value(masked["lungs"]) == 0.5
    assert masked["nothing"]["n"] == 40


def test_a_classifier_of_borders_does_not_need_the_lungs(split, predictions):
    masked = shortcut_audit(AT_THE_BORDER, split, predictions, AuxiliaryData())["painted_over"]

    assert value(masked["nothing"]) == value(masked["lungs"]) == 1


def test_images_in_which_no_lungs_are_found_are_not_masked(split, predictions):
    classifier = BrightnessClassifier(slice(None), slice(None))
    classifier.segmenter = SimpleNamespace(segment=lambda _: None)

    assert shortcut_audit(classifier, split, predictions, AuxiliaryData())["painted_over"] is None


def test_sharpness_that_predicts_the_class_is_found(split, predictions):
    assert value(shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData())["spectrum_alone"]) > 0.95


def test_a_complete_margin_is_the_same_for_lungs_of_any_size(split):
    classifier = BrightnessClassifier(slice(None), slice(None))
    classifier.release.input_region = InputRegion(RegionKind.LUNG_BOX, 0.05)
    boxes = iter([RelativeBox(0.45 - side, 0.4 - side, 0.5 + side, 0.6 + side) for side in np.linspace(0.1, 0.3, 40)])
    classifier.segmenter = SimpleNamespace(segment=lambda _: LungMask(FIELDS, next(boxes)))

    assert np.array_equal(framing_features(classifier, decode_image, split.validation), np.full((40, 4), 0.05))


def test_a_file_size_that_predicts_the_class_is_found(split, predictions, tmp_path):
    sizes = write_sizes(tmp_path / "sizes.csv", split, lambda number, r: 1500 + 400 * r.target + number)

    measured = shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData(original_sizes=sizes))["size_alone"]

    assert measured["n"] == 40
    assert value(measured) == 1


def test_a_file_size_that_does_not_predict_the_class_is_near_chance(split, predictions, tmp_path):
    sizes = write_sizes(tmp_path / "sizes.csv", split, lambda number, _: 1000 + (number // 2 * 37) % 20)

    measured = shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData(original_sizes=sizes))["size_alone"]

    assert 0.3 < value(measured) < 0.7


def test_strata_are_quartiles_of_the_width_and_need_both_classes(split, predictions, tmp_path):
    sizes = write_sizes(tmp_path / "all.csv", split, lambda number, _: 1000 + number)
    repeated = predictions.loc[predictions.index.repeat(3)].reset_index(drop=True)

    few = shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData(original_sizes=sizes))["size_strata"][
        SplitName.VALIDATION
    ]
    many = shortcut_audit(IN_THE_LUNGS, split, repeated, AuxiliaryData(original_sizes=sizes))["size_strata"][
        SplitName.VALIDATION
    ]

    assert [stratum["n"] for stratum in few] == [10] * 4
    assert [stratum["auc"] for stratum in few] == [None] * 4  # five images of a class are too few
    assert [stratum["n"] for stratum in many] == [30] * 4
    assert [value(stratum) for stratum in many] == [1] * 4
    edges = [edge for stratum in many for edge in (stratum["narrowest"], stratum["widest"])]
    assert edges == [1040, 1049, 1050, 1059, 1060, 1069, 1070, 1079]


def test_without_auxiliary_data_only_the_data_set_is_audited(split, predictions):
    measured = shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData())

    unmeasured = {"size_alone", "size_strata", "scaled_copies", "population_alone"}  # the last needs adults, too
    assert {name for name, part in measured.items() if part is None} == unmeasured


def test_copies_with_the_same_probability_change_nothing(split, predictions, tmp_path):
    for record in split.validation[:5]:
        original = Image.open(record.path).resize((1280, 1280), Image.Resampling.NEAREST)
        original.save(tmp_path / f"{record.path.stem}.png")

    copies = shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData(originals=tmp_path))["scaled_copies"]

    assert copies["n"] == 5
    for side in ("224", "512"):
        assert copies[side]["largest_change"] < 0.05
        assert copies[side]["mean_change"] <= copies[side]["largest_change"]
        assert copies[side]["verdicts_changed"] == 0


def test_a_different_image_under_the_same_name_changes_the_probability(split, predictions, tmp_path):
    ill = next(record for record in split.validation if record.target)
    Image.new("L", (640, 640)).save(tmp_path / ill.path.name)

    copies = shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData(originals=tmp_path))["scaled_copies"]

    assert copies["224"]["largest_change"] > 0.3
    assert copies["224"]["verdicts_changed"] == 1
    assert copies["512"]["largest_change"] < 0.01


def test_a_folder_without_validation_images_gives_an_error_message(split, predictions, tmp_path):
    message = f"{tmp_path} contains no original of a validation image."
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData(originals=tmp_path))


@pytest.mark.parametrize("content", ["", "file,width\na.png,3\n", "file,width,height\na.png,wide,3\n"])
def test_an_unusable_table_of_sizes_gives_an_error_message(split, predictions, tmp_path, content):
    table = tmp_path / "sizes.csv"
    table.write_text(content)

    message = f"{table} cannot be used. --original-sizes takes a CSV file with the columns file, width and height."
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        shortcut_audit(IN_THE_LUNGS, split, predictions, AuxiliaryData(original_sizes=table))
