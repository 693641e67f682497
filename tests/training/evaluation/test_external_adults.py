"""Radiographs of another hospital: metrics by view, corrections, and error messages for unusable folders."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from model.codes import Population
from model.errors import TrainingError
from model.inference.decision import Calibration, ConformalLimits, DecisionRules, OperatingPoint
from training.evaluation import calibration_metrics
from training.evaluation.external_adults import COLUMNS, CORRECTION_COLUMNS, external_metrics, load_adult_images

pytestmark = pytest.mark.slow

CHILDREN, ADULTS = Population
GREY = {"ill.png": 200, "well.png": 60, "child.png": 180, "old.png": 90, "sure.png": 230, "missed.png": 80}
TABLE = """file,label,patient,age_years,sex,view,source
ill.png,PNEUMONIA,007,18,F,AP,x
well.png,NORMAL,8,39.9,M,PA,x
child.png,PNEUMONIA,9,17.9,M,PA,x
old.png,NORMAL,10,60,F,AP,x
sure.png,PNEUMONIA,11,59,F,PA,x
missed.png,PNEUMONIA,007,40,M,PA,x
"""
CORRECTIONS = "file,under_18,rsna_radiologists_say_normal\nmissed.png,0,1\nold.png,1,1\nunknown.png,1,1\n"


def rules(threshold: float) -> DecisionRules:
    """Return rules with one operating point, at a grey level."""
    point = OperatingPoint("balanced", float(1 / (1 + np.exp((100 - threshold) / 10))), "by hand")
    limits = ConformalLimits(0.9, 0.4, 0.6, "by hand")
    return DecisionRules(Calibration(0.1, -10.0), (point,), "balanced", limits, 0.7, (1, 5))


class BrightnessGate:
    """A gate that finds pneumonia in bright images, and refuses very bright ones."""

    def __init__(self, **thresholds: float) -> None:
        populations = {Population(name): rules(threshold) for name, threshold in thresholds.items()}
        self.classifier = SimpleNamespace(release=SimpleNamespace(populations=populations))

    def examine(self, radiograph):
        grey = float(radiograph.pixels.mean())
        return SimpleNamespace(
            inference=SimpleNamespace(output=SimpleNamespace(logit=grey)),
            admission=SimpleNamespace(refusals=("too bright",) if grey > 220 else ()),
        )


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(calibration_metrics, "RECALIBRATION_DRAWS", 20)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Six images in two folders, and one image that is not in the table."""
    root = tmp_path / "adults"
    for number, (name, grey) in enumerate((GREY | {"unnamed.png": 255}).items()):
        path = root / ("first", "second")[number % 2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((40, 40), grey, np.uint8)).save(path)
    (root / "labels.csv").write_text(TABLE)
    return root


def measure(folder: Path, **thresholds: float) -> dict:
    return external_metrics(BrightnessGate(**thresholds or {CHILDREN: 100}), folder)


def assert_error(folder: Path, message: str) -> None:
    with pytest.raises(TrainingError, match=f"^{re.escape(f'{folder} {message}')}$"):
        measure(folder)


def confusions(measured: dict) -> dict:
    """Return the counts of each group that are not 0."""
    return {
        (kind, view): {name: n for name, n in group["operating_points"]["balanced"]["confusion"].items() if n}
        for kind, groups in measured["groups"].items()
        for view, group in groups.items()
    }


def test_views_are_measured_apart_and_patients_under_18_apart_from_them(folder):
    measured = measure(folder)

    assert measured.keys() == {"decided_by", "corrected_labels", "groups"}  # nothing is pooled
    assert confusions(measured) == {
        ("view", "AP"): {"tp": 1, "tn": 1},
        ("view", "PA"): {"tp": 1, "fn": 1, "tn": 1},
        ("under 18 years", "PA"): {"tp": 1},
    }
    pa = measured["groups"]["view"]["PA"]
    assert (pa["n"], pa["patients"], pa["auc"]["value"]) == (3, 3, 1)
    assert pa["calibration"]["prevalence"] == pytest.approx(2 / 3)
    assert {share["n"] for share in pa["sensitivity_by_cause"]["balanced"].values()} == {0}  # no cause is known


def test_the_refused_share_is_by_view_and_refused_images_are_measured_too(folder):
    views = measure(folder)["groups"]["view"]

    assert {view: (group["refused"]["value"], group["refused"]["n"]) for view, group in views.items()} == {
        "AP": (0, 2),
        "PA": (pytest.approx(1 / 3), 3),
    }


def test_adults_are_judged_by_the_rules_for_adults_and_children_by_those_for_children(folder):
    measured = measure(folder, children=190, adults=70)

    assert measured["decided_by"] == ADULTS
    assert confusions(measured) == {
        ("view", "AP"): {"tp": 1, "fp": 1},
        ("view", "PA"): {"tp": 2, "tn": 1},
        ("under 18 years", "PA"): {"fn": 1},
    }
    assert measure(folder)["decided_by"] == CHILDREN


def test_corrections_move_patients_under_18_and_change_labels_that_radiologists_read_as_normal(folder):
    (folder / "corrections.csv").write_text(CORRECTIONS)

    measured = measure(folder)

    assert measured["corrected_labels"] == 1  # old.png was normal already
    assert confusions(measured) == {
        ("view", "AP"): {"tp": 1},
        ("view", "PA"): {"tp": 1, "tn": 2},
        ("under 18 years", "AP"): {"tn": 1},
        ("under 18 years", "PA"): {"tp": 1},
    }


def test_without_corrections_labels_are_those_of_the_table_and_an_unknown_age_is_an_adult(folder):
    (folder / "labels.csv").write_text(TABLE.replace("17.9,M", ",M"))

    table = load_adult_images(folder)

    assert not table[["is_minor", "is_corrected"]].any(axis=None)


@pytest.mark.parametrize(
    "content",
    ["", "file,under_18\nill.png,0\n", b"\xff\xfe\x00", CORRECTIONS + "old.png,0,0\n"],
    ids=["empty", "column missing", "not text", "file twice"],
)
def test_unusable_corrections_give_an_error_message(folder, content):
    (folder / "corrections.csv").write_bytes(content if isinstance(content, bytes) else content.encode())

    columns = ", ".join(CORRECTION_COLUMNS)
    assert_error(
        folder, f"cannot be used: corrections.csv must have the columns {columns}, and each file at most once."
    )


def test_missing_images_are_counted(folder):
    (folder / "first" / "ill.png").unlink()
    (folder / "second" / "old.png").unlink()

    assert_error(folder, "cannot be used: 2 of the 6 images in labels.csv are missing.")


UNUSABLE = f"cannot be used: it must contain labels.csv with the columns {', '.join(COLUMNS)}."


@pytest.mark.parametrize(
    "content",
    ["", "file,label\nill.png,NORMAL\n", b"\xff\xfe\x00", TABLE.replace("17.9", "young"), TABLE + 'a,"b'],
    ids=["empty", "columns missing", "not text", "age not a number", "unclosed quote"],
)
def test_an_unusable_table_gives_an_error_message(folder, content):
    (folder / "labels.csv").write_bytes(content if isinstance(content, bytes) else content.encode())

    assert_error(folder, UNUSABLE)


def test_a_folder_without_a_table_gives_an_error_message(folder, tmp_path):
    (folder / "labels.csv").unlink()

    assert_error(folder, UNUSABLE)
    assert_error(tmp_path / "no such folder", UNUSABLE)


@pytest.mark.parametrize(
    "content",
    [TABLE.splitlines(True)[0], TABLE.replace("NORMAL,10", "Healthy,10")],
    ids=["no images", "unknown label"],
)
def test_a_table_without_images_or_with_an_unknown_label_gives_an_error_message(folder, content):
    (folder / "labels.csv").write_text(content)

    assert_error(folder, "cannot be used: labels.csv must list only images labelled NORMAL or PNEUMONIA.")
