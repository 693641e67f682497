"""Films of adults: all and by group, and a folder that cannot be used is told."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import training.calibration.platt
from model.errors import DatasetError
from model.inference.decision import ConformalLimits, OperatingPoint
from training.evaluation.external_adults import COLUMNS, external_metrics

GREY = {"ill.png": 200, "well.png": 60, "child.png": 180, "old.png": 90, "sure.png": 230, "missed.png": 80}
TABLE = """file,label,patient,age_years,sex,view,source
ill.png,PNEUMONIA,007,18,F,AP,x
well.png,NORMAL,8,39.9,M,PA,x
child.png,PNEUMONIA,9,17.9,M,PA,x
old.png,NORMAL,10,60,F,AP,x
sure.png,PNEUMONIA,11,59,F,PA,x
missed.png,PNEUMONIA,007,40,M,PA,x
"""


class BrightnessReader:
    """The probability is the brightness."""

    release = SimpleNamespace(
        operating_points=(OperatingPoint("balanced", 0.5, "by hand"),),
        conformal=ConformalLimits(0.9, 0.4, 0.6, "by hand"),
        training_prevalence=0.7,
    )

    def read(self, radiograph):
        return SimpleNamespace(probability=float(radiograph.pixels.mean()) / 255)


@pytest.fixture(autouse=True)
def few_fits(monkeypatch):
    monkeypatch.setattr(training.evaluation.calibration_metrics, "RECALIBRATION_DRAWS", 20)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Six films in two folders, and one that the table does not name."""
    root = tmp_path / "adults"
    for number, (name, grey) in enumerate((GREY | {"unnamed.png": 255}).items()):
        path = root / ("first", "second")[number % 2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((40, 40), grey, np.uint8)).save(path)
    (root / "labels.csv").write_text(TABLE)
    return root


def measure(folder: Path) -> dict:
    return external_metrics(BrightnessReader(), folder)


def told(folder: Path, words: str) -> None:
    with pytest.raises(DatasetError, match=f"^{re.escape(f'{folder} {words}')}$"):
        measure(folder)


def test_the_films_that_the_table_names_are_read_wherever_they_lie(folder):
    measured = measure(folder)

    assert {name: measured[name] for name in ("n", "patients", "positives")} == {"n": 6, "patients": 5, "positives": 4}
    assert measured["operating_points"]["balanced"]["confusion"] == {"tp": 3, "fn": 1, "fp": 0, "tn": 2}
    assert measured["auc"]["value"] == pytest.approx(7 / 8)  # missed.png ranks below old.png
    assert measured["calibration"]["prevalence"] == pytest.approx(4 / 6)
    assert measured["conformal"]["coverage"]["PNEUMONIA"]["value"] == 0.75
    assert {share["n"] for share in measured["sensitivity_by_cause"]["balanced"].values()} == {0}  # none is known


def test_groups_are_by_age_sex_and_view_and_each_counts_its_own(folder):
    groups = measure(folder)["groups"]

    counted = {by: {name: (one["n"], one["positives"]) for name, one in of.items()} for by, of in groups.items()}
    assert counted == {
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


def test_a_group_has_the_figures_of_its_films_measured_alone(folder):
    women = measure(folder)["groups"]["sex"]["F"]

    (folder / "labels.csv").write_text("".join(line for line in TABLE.splitlines(True) if ",M," not in line))
    alone = measure(folder)

    assert women == {name: alone[name] for name in women}
    assert set(women) == {"n", "patients", "positives", "auc", "operating_points"}


def test_an_age_group_without_films_is_left_out(folder):
    (folder / "labels.csv").write_text("".join(line for line in TABLE.splitlines(True) if ",17.9," not in line))

    assert list(measure(folder)["groups"]["age"]) == ["18 to 39 years", "40 to 59 years", "60 years and older"]


def test_a_film_of_unknown_age_and_sex_counts_among_all_and_in_no_group_of_these(folder):
    (folder / "labels.csv").write_text(TABLE.replace("17.9,M", ","))

    measured = measure(folder)

    assert measured["n"] == 6
    assert sum(one["n"] for one in measured["groups"]["age"].values()) == 5
    assert sum(one["n"] for one in measured["groups"]["sex"].values()) == 5
    assert sum(one["n"] for one in measured["groups"]["view"].values()) == 6


def test_films_that_are_missing_are_counted(folder):
    (folder / "first" / "ill.png").unlink()
    (folder / "second" / "old.png").unlink()

    told(folder, "lacks 2 of the 6 films that labels.csv names.")


WANTED = f"cannot be used: labels.csv with {', '.join(COLUMNS)} is wanted."


@pytest.mark.parametrize(
    "content",
    ["", "file,label\nill.png,NORMAL\n", b"\xff\xfe\x00", TABLE.replace("17.9", "young"), TABLE + 'a,"b'],
    ids=["empty", "columns missing", "no text", "an age in words", "a quote left open"],
)
def test_a_table_that_cannot_be_used_is_told(folder, content):
    (folder / "labels.csv").write_bytes(content if isinstance(content, bytes) else content.encode())

    told(folder, WANTED)


def test_a_folder_without_a_table_is_told(folder, tmp_path):
    (folder / "labels.csv").unlink()

    told(folder, WANTED)
    told(tmp_path / "no such folder", WANTED)


@pytest.mark.parametrize(
    "content",
    [TABLE.splitlines(True)[0], TABLE.replace("NORMAL,10", "Healthy,10")],
    ids=["no films", "another label"],
)
def test_a_table_without_films_or_with_another_label_is_told(folder, content):
    (folder / "labels.csv").write_text(content)

    told(folder, "cannot be used: labels.csv with films of NORMAL and PNEUMONIA alone is wanted.")
