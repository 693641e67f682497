"""The charts and drawings show every figure they are given, and tell by more than colour."""

import base64
import re

import altair as alt
import pandas as pd
import pytest

from model.inference.release_loader import load_release
from model.performance.chart_data import confusion_cells, learning_curves, operating_point_marks
from model.performance.natural_frequencies import natural_frequencies
from model.performance.release_data import load_release_data
from ui.charts.icon_array import icon_array
from ui.charts.network_diagram import network_diagram, network_steps
from ui.charts.performance import (
    confusion_chart,
    curve_chart,
    histogram_chart,
    reliability_chart,
    sensitivity_by_cause_chart,
)
from ui.charts.training import balance_chart, learning_chart

THOUSAND = {"caught": 180, "missed": 20, "false_alarms": 160, "spared": 640}


@pytest.fixture(scope="module")
def tables():
    return load_release_data(load_release())


def drawn(chart: alt.LayerChart) -> list[dict]:
    """Every row that is sent with a chart; to_dict also checks the chart against Vega-Lite's schema."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def pictures(content: str) -> list[str]:
    return [base64.b64decode(part).decode() for part in re.findall(r"base64,([\w+/=]+)", content)]


def test_every_chart_is_one_that_vega_lite_knows(tables):
    marks = pd.DataFrame(operating_point_marks(tables.metrics["splits"]["test"], "balanced"))
    cause = pd.DataFrame([{"Cause": "viral", "Sensitivity": "x", "Pictures": 3, "Share": 0.5, "Low": 0.2, "High": 0.8}])
    for chart in (
        curve_chart(tables.roc, marks, "False alarm rate", "Sensitivity"),
        curve_chart(tables.precision_recall, marks, "Sensitivity", "PPV", corner=True),
        histogram_chart(tables.histogram, 0.5),
        reliability_chart(tables.reliability),
        balance_chart(tables.balance),
        learning_chart(tables.history, "Loss"),
        learning_chart(tables.history, "AUC"),
        sensitivity_by_cause_chart(cause),
    ):
        assert drawn(chart)


def test_the_confusion_matrix_says_counts_and_words_in_each_cell():
    chart = confusion_chart(pd.DataFrame(confusion_cells({"tp": 9, "fn": 1, "fp": 4, "tn": 16})))
    assert {row["text"] for row in drawn(chart)} == {
        "9|found",
        "1|missed",
        "4|false alarms",
        "16|rightly left alone",
    }


def test_the_histogram_names_its_threshold(tables):
    assert "threshold 0.123" in {row.get("text") for row in drawn(histogram_chart(tables.histogram, 0.123))}


def test_the_corner_shows_the_best_part_of_the_axes_and_no_mark_beyond(tables):
    marks = pd.DataFrame(operating_point_marks(tables.metrics["splits"]["test"], "balanced"))
    line, _, points = curve_chart(tables.roc, marks, "False alarm rate", "Sensitivity", corner=True).to_dict()["layer"]
    assert line["encoding"]["x"]["scale"]["domain"] == [0, 0.3]
    assert line["encoding"]["y"]["scale"]["domain"] == [0.7, 1]
    assert [step["filter"]["range"] for step in points["transform"]] == [[0, 0.3], [0.7, 1]]


def test_the_epoch_that_was_kept_is_named_on_its_chart():
    history = pd.DataFrame(
        {"epoch": [0, 1, 2], "loss": 1, "val_loss": [3, 1, 2], "auc": 0.5, "val_auc": 0.5, "accuracy": 1}
    )
    chart = learning_chart(learning_curves(history), "Loss").to_dict()
    assert chart["title"]["text"] == "dashed: epoch 2, which was kept"


# --- drawings


@pytest.mark.parametrize(
    "of",
    [
        THOUSAND,
        {"caught": 0, "missed": 0, "false_alarms": 0, "spared": 1000},
        natural_frequencies({"sensitivity": {"value": 0.987}, "specificity": {"value": 0.123}}, 0.33),
    ],
)
def test_there_is_one_mark_for_each_of_a_thousand_children(of):
    field = pictures(icon_array(of))[0]
    paths = re.findall(r'<path d="([^"]*)"', field)
    counts = [path.count("M") for path in paths]
    assert counts == [of["caught"], of["missed"], of["false_alarms"], of["spared"]]
    places = re.findall(r"M(\d+) (\d+)", "".join(paths))
    assert len(set(places)) == 1000


def test_the_groups_differ_in_shape_and_not_in_colour_alone():
    paths = re.findall(r'<path d="([^"]*)"', pictures(icon_array(THOUSAND))[0])
    shapes = {re.match(r"M\d+ \d+([^M]*)", path)[1] for path in paths}
    assert len(shapes) == 4


def test_those_who_cannot_see_the_children_are_told_their_counts():
    assert 'alt="1,000 children: 180 found, 20 missed, 160 false alarms, 640 rightly left alone"' in icon_array(
        THOUSAND
    )


def test_the_network_is_drawn_with_the_sizes_of_the_release():
    about = load_release().description
    side, channels = about["input"]["height"], about["outputs"]["embedding"][1]
    steps = dict(network_steps(about))
    assert f"{side} x {side} px" in steps["What the reader sees"]
    assert f"{channels:,} features" in steps["Feature map"]
    assert f"{about['lungs']['side']} x {about['lungs']['side']} px" in steps["Lungs found"]
    (picture,) = pictures(network_diagram(about))
    for name, detail in steps.items():
        assert f">{name}</text>" in picture
        assert f">{detail}</text>" in picture
    assert ">Heat map</text>" in picture


@pytest.mark.parametrize(("part", "words"), [("whole", "whole film"), ("lung box", "box of the lungs")])
def test_the_drawing_says_what_the_reader_sees_of_the_film(part, words):
    about = load_release().description
    about = about | {"view": {"part": part, "margin": 0.1}}
    assert dict(network_steps(about))["What the reader sees"].startswith(words)
