"""Opacity maps as tables and sentences."""

import pytest

from model.codes import HeatMapWarning
from model.performance.explanations import reliability_sentence
from model.performance.opacity_maps import opacity_map_table


def estimate(value: float | None, n: int = 20) -> dict:
    if value is None:
        return {"n": 0, "value": None, "low": None, "high": None}
    return {"n": n, "value": value, "low": value - 0.05, "high": value + 0.05}


AUC = {name.value: estimate(0.6, 40) for name in HeatMapWarning} | {"peak": estimate(0.8, 50)}


def measured(has_boxes: bool) -> dict:
    boxes = {"pointing": estimate(0.8), "area": estimate(0.15), "overlap": estimate(0.4)}
    return {
        "boxes": boxes if has_boxes else None,
        "inside_lungs": {"evidence": estimate(0.9), "area": estimate(0.5)},
        "marked_pneumonia": estimate(0.7, 100),
        "marked_normal": estimate(None),
    }


def test_each_population_has_a_row_per_measurement_that_was_made():
    rows = opacity_map_table({"children": measured(has_boxes=False), "adults": measured(has_boxes=True)})

    assert [row["Population"] for row in rows] == ["Children"] * 3 + ["Adults"] * 6
    by_name = {(row["Population"], row["Opacity map"]): row for row in rows}
    assert by_name["Adults", "Hottest point inside a radiologist's box"]["Mean"] == "0.800 (0.750-0.850)"
    assert by_name["Adults", "Area marked, pneumonia"]["n"] == "100"
    assert ("Adults", "Area marked, no pneumonia") not in by_name


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"peak": 0.62}, "if its highest probability is below 62%. By hand."),
        ({"inside_lungs": 0.4}, "if less than 40% of it is inside the lungs. By hand."),
        ({"agreement": 0.1}, "if its rank correlation with Grad-CAM is below 0.1. By hand."),
        ({"effect": 0.25}, "does not lower the log odds by at least 0.25 more than masking random areas"),
    ],
)
def test_the_limit_of_an_opacity_map_is_stated_with_the_auc_of_every_measurement(limits, expected):
    sentence = reliability_sentence(limits | {"rationale": "By hand.", "auc": AUC})

    assert expected in sentence
    assert "highest probability 0.800 (0.750-0.850) (n = 50)" in sentence
    assert sentence.count("(n = 40)") == 3
