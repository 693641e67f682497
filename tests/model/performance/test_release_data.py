"""Data for the charts comes from the release and the test split, and is small enough to send to a browser."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from model.errors import ReleaseCorrupted, ReleaseMissing
from model.inference.release_loader import RELEASE_DIR, load_release
from model.performance.binary_metrics import auc_with_ci, rates_with_ci
from model.performance.release_data import MAX_POINTS, downsample, load_release_data
from tests.support.populations import children_rules


@pytest.fixture(scope="module")
def release():
    return load_release()


@pytest.fixture(scope="module")
def data(release):
    return load_release_data(release)


@pytest.fixture
def copied(release, tmp_path):
    shutil.copytree(RELEASE_DIR, tmp_path / "release")
    return replace(release, directory=tmp_path / "release")


@pytest.mark.slow
def test_predictions_reproduce_the_metrics(release, data):
    test = json.loads((RELEASE_DIR / "metrics.json").read_text())["splits"]["test"]
    assert auc_with_ci(data.test_predictions)["auc"]["value"] == pytest.approx(test["auc"]["value"], abs=1e-9)
    for point in children_rules(release).operating_points:
        measured = rates_with_ci(data.test_predictions, point.threshold)["confusion"]
        assert measured == test["operating_points"][point.name]["confusion"]


def test_every_test_image_is_in_every_table(data):
    n = data.metrics["splits"]["test"]["n"]
    test_rows = data.balance[data.balance["split"] == "test"]
    assert data.reliability["n"].sum() == data.histogram["images"].sum() == test_rows["images"].sum() == n


def test_curves_run_from_one_end_to_the_other(data):
    first, last = data.roc.iloc[0], data.roc.iloc[-1]
    assert (first["false_alarm_rate"], first["sensitivity"], first["specificity"]) == (0, 0, 1)
    assert first["threshold"] == ""  # above all probabilities
    assert (last["false_alarm_rate"], last["sensitivity"], last["specificity"]) == (1, 1, 0)
    assert data.precision_recall.iloc[0]["sensitivity"] == 1
    assert data.precision_recall.iloc[-1]["ppv"] == 1


def test_area_under_the_drawn_roc_equals_the_metric(data):
    area = np.trapezoid(data.roc["sensitivity"], data.roc["false_alarm_rate"])
    assert area == pytest.approx(data.metrics["splits"]["test"]["auc"]["value"], abs=0.001)


def test_curves_have_at_most_max_points(data):
    assert len(data.roc) <= MAX_POINTS
    assert len(data.precision_recall) <= MAX_POINTS


@pytest.mark.parametrize(("points", "max_points"), [(1000, 10), (11, 10), (501, 500), (4000, 500)])
def test_long_curve_is_downsampled_evenly_with_both_ends(points, max_points):
    kept = downsample(pd.DataFrame({"x": range(points)}), max_points)["x"]
    assert len(kept) == max_points
    assert (kept.iloc[0], kept.iloc[-1]) == (0, points - 1)
    steps = kept.diff().dropna()
    assert steps.min() >= 1
    assert steps.max() - steps.min() <= 1


def test_short_curve_is_unchanged():
    curve = pd.DataFrame({"x": range(10)})
    assert downsample(curve, 10) is curve


@pytest.mark.parametrize("name", ["predictions.csv", "curves.csv", "history.csv", "metrics.json"])
def test_changed_file_is_refused(copied, name):
    with (copied.directory / name).open("a") as file:
        file.write("\n")
    with pytest.raises(ReleaseCorrupted, match=name):
        load_release_data(copied)


def test_missing_file_is_reported(copied):
    (copied.directory / "curves.csv").unlink()
    with pytest.raises(ReleaseMissing, match=r"curves\.csv is missing"):
        load_release_data(copied)
