"""The tables behind the charts are those of the release, of the test split, and small enough to send."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from model.errors import ReleaseCorrupted, ReleaseMissing
from model.inference.release_loader import RELEASE_DIR, load_release
from model.performance.binary_metrics import auc_with_ci, rates_with_ci
from model.performance.release_data import MAX_POINTS, downsampled, load_release_data


@pytest.fixture(scope="module")
def release():
    return load_release()


@pytest.fixture(scope="module")
def tables(release):
    return load_release_data(release)


@pytest.fixture
def copied(release, tmp_path):
    shutil.copytree(RELEASE_DIR, tmp_path / "release")
    return replace(release, directory=tmp_path / "release")


def test_the_scores_give_the_figures_of_the_metrics(release, tables):
    test = json.loads((RELEASE_DIR / "metrics.json").read_text())["splits"]["test"]
    assert auc_with_ci(tables.scores)["auc"]["value"] == pytest.approx(test["auc"]["value"], abs=1e-9)
    for point in release.operating_points:
        measured = rates_with_ci(tables.scores, point.threshold)["confusion"]
        assert measured == test["operating_points"][point.name]["confusion"]


def test_every_film_of_the_test_split_is_in_every_table(tables):
    n = tables.metrics["splits"]["test"]["n"]
    of_test = tables.balance[tables.balance["Split"] == "test"]
    assert tables.reliability["n"].sum() == tables.histogram["Films"].sum() == of_test["Films"].sum() == n


def test_the_curves_run_from_one_end_to_the_other(tables):
    first, last = tables.roc.iloc[0], tables.roc.iloc[-1]
    assert (first["False alarm rate"], first["Sensitivity"], first["Specificity"]) == (0, 0, 1)
    assert first["Threshold"] == "above all probabilities"
    assert (last["False alarm rate"], last["Sensitivity"], last["Specificity"]) == (1, 1, 0)
    assert tables.precision_recall.iloc[0]["Sensitivity"] == 1
    assert tables.precision_recall.iloc[-1]["PPV"] == 1


def test_the_area_under_the_drawn_roc_is_that_of_the_metrics(tables):
    area = np.trapezoid(tables.roc["Sensitivity"], tables.roc["False alarm rate"])
    assert area == pytest.approx(tables.metrics["splits"]["test"]["auc"]["value"], abs=0.001)


def test_no_more_of_a_curve_is_sent_than_a_screen_can_show(tables):
    assert len(tables.roc) <= MAX_POINTS
    assert len(tables.precision_recall) <= MAX_POINTS


@pytest.mark.parametrize(("points", "most"), [(1000, 10), (11, 10), (501, 500), (4000, 500)])
def test_a_long_curve_is_thinned_evenly_and_keeps_its_ends(points, most):
    kept = downsampled(pd.DataFrame({"x": range(points)}), most)["x"]
    assert len(kept) == most
    assert (kept.iloc[0], kept.iloc[-1]) == (0, points - 1)
    steps = kept.diff().dropna()
    assert steps.min() >= 1
    assert steps.max() - steps.min() <= 1


def test_a_short_curve_stays_whole():
    curve = pd.DataFrame({"x": range(10)})
    assert downsampled(curve, 10) is curve


@pytest.mark.parametrize("name", ["predictions.csv", "curves.csv", "history.csv", "metrics.json"])
def test_a_table_that_was_changed_since_the_release_is_refused(copied, name):
    with (copied.directory / name).open("a") as file:
        file.write("\n")
    with pytest.raises(ReleaseCorrupted, match=name):
        load_release_data(copied)


def test_a_table_that_is_gone_is_told(copied):
    (copied.directory / "curves.csv").unlink()
    with pytest.raises(ReleaseMissing, match=r"curves\.csv is missing"):
        load_release_data(copied)
