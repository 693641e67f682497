"""Radiographs of adults: metrics for all images and by group, and error messages for unusable folders."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from model.codes import Population
from model.errors import TrainingError
from model.inference.decision import OperatingPoint
from tests.support.populations import decision_rules
from training.evaluation import calibration_metrics
from training.evaluation.external_adults import COLUMNS, external_metrics

pytestmark = pytest.mark.slow

GREY = {"ill.png": 200, "well.png": 60, "child.png": 180, "old.png": 90, "sure.png": 230, "missed.png": 80}
TABLE = """file,label,patient,age_years,sex,view,source
ill.png,PNEUMONIA,007,18,F,AP,x
well.png,NORMAL,8,39.9,M,PA,x
child.png,PNEUMONIA,9,17.9,M,PA,x
old.png,NORMAL,10,60,F,AP,x
sure.png,PNEUMONIA,11,59,F,PA,x
missed.png,PNEUMONIA,007,40,M,PA,x
"""


class BrightnessClassifier:
    """A classifier whose probability is the mean brightness."""

    release = SimpleNamespace(
        populations={Population.CHILDREN: decision_rules(OperatingPoint("balanced", 0.5, "by hand"))}
    )

    def read(self, radiograph):
        return SimpleNamespace(probability=float(radiograph.pixels.mean()) / 255)


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


def measure(folder: Path) -> dict:
    return external_metrics(BrightnessClassifier(), folder)


def assert_error(folder: Path, message: str) -> None:
    with pytest.raises(TrainingError, match=f"^{re.escape(f'{folder} {message}')}$"):
        measure(folder)


def test_images_in_the_table_are_read_from_any_subfolder(folder):
    measured = measure(folder)

    assert {name: measured[name] for name in ("n", "patients", "positives")} == {"n": 6, "patients": 5, "positives": 4}
    assert measured["operating_points"]["balanced"]["confusion"] == {"tp": 3, "fn": 1, "fp": 0, "tn": 2}
    assert measured["auc"]["value"] == pytest.approx(7 / 8)  # missed.png ranks below old.png
    assert measured["calibration"]["prevalence"] == pytest.approx(4 / 6)
    assert measured["conformal"]["coverage"]["PNEUMONIA"]["value"] == 0.75
    assert {share["n"] for share in measured["sensitivity_by_cause"]["balanced"].values()} == {0}  # no cause is known


def test_groups_are_by_age_sex_and_view(folder):
    groups = measure(folder)["groups"]

    counts = {
        kind: {name: (metrics["n"], metrics["positives"]) for name, metrics in members.items()}
        for kind, members in groups.items()
    }
    assert counts == {
        "age": {
            "under 18 years": (1, 1),
            "18 to 39 years": (2, 1),
            "40 to 59 years": (2, 2),
            "60 years and older": (1, 0),
        },
        "sex": {"F": (3, 2), "M": (3, 2)},
        "view": {"AP": (2, 1), "PA": (4, 3)},
    }
    assert groups["view"]["PA"]["operating_points"]["balanced"]["confusion"] == {"tp": 2, "fn": 1, "fp": 0, "tn": 1}


def test_a_group_has_the_same_metrics_as_its_images_measured_separately(folder):
    women = measure(folder)["groups"]["sex"]["F"]

    (folder / "labels.csv").write_text("".join(line for line in TABLE.splitlines(True) if ",M," not in line))
    alone = measure(folder)

    assert women == {name: alone[name] for name in women}
    assert set(women) == {"n", "patients", "positives", "auc", "operating_points"}


def test_an_age_group_without_images_is_left_out(folder):
    (folder / "labels.csv").write_text("".join(line for line in TABLE.splitlines(True) if ",17.9," not in line))

    assert list(measure(folder)["groups"]["age"]) == ["18 to 39 years", "40 to 59 years", "60 years and older"]


def test_an_image_of_unknown_age_and_sex_counts_only_in_the_other_groups(folder):
    (folder / "labels.csv").write_text(TABLE.replace("17.9,M", ","))

    measured = measure(folder)

    assert measured["n"] == 6
    totals = {kind: sum(metrics["n"] for metrics in members.values()) for kind, members in measured["groups"].items()}
    assert totals == {"age": 5, "sex": 5, "view": 6}


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
