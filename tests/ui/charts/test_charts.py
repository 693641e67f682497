"""Charts and drawings: they show all figures and do not rely on colour alone."""

import base64
import re
from typing import Any

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

FREQUENCIES = {"tp": 180, "fn": 20, "fp": 160, "tn": 640}


@pytest.fixture(scope="module")
def release_data():
    return load_release_data(load_release())


def rows_of(chart: alt.LayerChart) -> list[dict[str, Any]]:
    """Return the rows that a chart sends; to_dict also validates the chart against Vega-Lite's schema."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def drawings(html: str) -> list[str]:
    """Return the SVG drawings in HTML."""
    return [base64.b64decode(part).decode() for part in re.findall(r"base64,([\w+/=]+)", html)]


@pytest.mark.slow
def test_every_chart_is_valid_vega_lite(release_data):
    marks = pd.DataFrame(operating_point_marks(release_data.metrics["splits"]["test"], "balanced"))
    cause = pd.DataFrame([{"cause": "viral", "images": 3, "share": 0.5, "low": 0.2, "high": 0.8}])
    for chart in (
        curve_chart(release_data.roc, marks, "false_alarm_rate", "sensitivity"),
        curve_chart(release_data.precision_recall, marks, "sensitivity", "ppv", corner=True),
        histogram_chart(release_data.histogram, 0.5),
        reliability_chart(release_data.reliability),
        balance_chart(release_data.balance),
        learning_chart(release_data.history, "loss"),
        learning_chart(release_data.history, "auc"),
        sensitivity_by_cause_chart(cause),
    ):
        assert rows_of(chart)


def test_the_confusion_matrix_shows_count_and_text_in_each_cell():
    chart = confusion_chart(pd.DataFrame(confusion_cells({"tp": 9, "fn": 1, "fp": 4, "tn": 16})))
    assert {row["text"] for row in rows_of(chart)} == {
        "9|true positives",
        "1|missed cases",
        "4|false alarms",
        "16|true negatives",
    }


@pytest.mark.slow
def test_the_histogram_shows_its_threshold(release_data):
    assert "threshold 0.123" in {row.get("text") for row in rows_of(histogram_chart(release_data.histogram, 0.123))}


def test_the_corner_is_the_best_part_of_the_axes_without_marks_outside(release_data):
    marks = pd.DataFrame(operating_point_marks(release_data.metrics["splits"]["test"], "balanced"))
    line, _, points = curve_chart(release_data.roc, marks, "false_alarm_rate", "sensitivity", corner=True).to_dict()[
        "layer"
    ]
    assert line["encoding"]["x"]["scale"]["domain"] == [0, 0.3]
    assert line["encoding"]["y"]["scale"]["domain"] == [0.7, 1]
    assert [step["filter"]["range"] for step in points["transform"]] == [[0, 0.3], [0.7, 1]]


def test_the_learning_chart_names_the_epoch_that_was_kept():
    history = pd.DataFrame(
        {"epoch": [0, 1, 2], "loss": 1, "val_loss": [3, 1, 2], "auc": 0.5, "val_auc": 0.5, "accuracy": 1}
    )
    chart = learning_chart(learning_curves(history), "loss").to_dict()
    assert chart["title"]["text"] == "Dashed line: epoch 2, which was kept"


# --- drawings


@pytest.mark.parametrize(
    "frequencies",
    [
        FREQUENCIES,
        {"tp": 0, "fn": 0, "fp": 0, "tn": 1000},
        natural_frequencies({"sensitivity": {"value": 0.987}, "specificity": {"value": 0.123}}, 0.33),
    ],
)
def test_the_icon_array_has_one_icon_per_child(frequencies):
    field = drawings(icon_array(frequencies))[0]
    paths = re.findall(r'<path d="([^"]*)"', field)
    counts = [path.count("M") for path in paths]
    assert counts == [frequencies[name] for name in ("tp", "fn", "fp", "tn")]
    positions = re.findall(r"M(\d+) (\d+)", "".join(paths))
    assert len(set(positions)) == 1000


def test_the_groups_of_the_icon_array_differ_in_shape():
    paths = re.findall(r'<path d="([^"]*)"', drawings(icon_array(FREQUENCIES))[0])
    shapes = {re.match(r"M\d+ \d+([^M]*)", path)[1] for path in paths}
    assert len(shapes) == 4


def test_the_icon_array_has_a_text_alternative():
    alt_text = "1,000 patients: 180 true positives, 20 missed cases, 160 false alarms, 640 true negatives"
    assert f'alt="{alt_text}"' in icon_array(FREQUENCIES)


def test_the_network_diagram_has_the_sizes_of_the_release():
    description = load_release().description
    side, channels = description["input"]["height"], description["outputs"]["embedding"][1]
    steps = dict(network_steps(description))
    assert f"{side} x {side} px" in steps["Input region"]
    assert f"{channels:,} features" in steps["Feature map"]
    assert f"{description['lungs']['side']} x {description['lungs']['side']} px" in steps["Lung segmentation"]
    (drawing,) = drawings(network_diagram(description))
    for name, detail in steps.items():
        assert f">{name}</text>" in drawing
        assert f">{detail}</text>" in drawing
    assert ">Heat map</text>" in drawing


@pytest.mark.parametrize(("kind", "text"), [("whole", "whole image"), ("lung box", "box around the lungs")])
def test_the_network_diagram_names_the_input_region(kind, text):
    description = load_release().description | {"input_region": {"kind": kind, "margin": 0.1, "intensity": "unchanged"}}
    assert dict(network_steps(description))["Input region"].startswith(text)
