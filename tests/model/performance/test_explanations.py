"""Sentences and tables on heat maps carry the figures of metrics.json and model.json."""

import pytest

from model.performance.explanations import (
    UNMEASURED_TEXT,
    heat_map_sentences,
    reliability_sentence,
    reliability_summary,
    warnings_table,
)

LIMITS = {"inside_lungs": 0.254, "effect": 0.0123, "agreement": -0.125, "rationale": "Chosen by hand."}


def estimate(value: float, n: int = 40) -> dict:
    return {"n": n, "value": value, "low": value - 0.05, "high": value + 0.05}


def formatted(value: float) -> str:
    return f"{value:.3f} ({value - 0.05:.3f}-{value + 0.05:.3f})"


EXPLANATIONS = {
    "warnings": {
        kind: estimate(0.1 * number, 10 * number) | {"not_applicable": number}
        for number, kind in enumerate(
            ("right_pneumonia", "right_normal", "false_alarm", "missed", "indeterminate", "randomised"), start=1
        )
    },
    "deletion_insertion": {
        "n": 33,
        "steps": 10,
        "deletion": {"map": estimate(0.3), "random": estimate(0.6), "better": estimate(0.9)},
        "insertion": {"map": estimate(0.8), "random": estimate(0.5), "better": estimate(0.7)},
    },
    "inside_lungs": {"evidence": estimate(0.65, 44), "area": estimate(0.45, 44)},
    "agreement": {"occlusion": estimate(0.55, 600), "SmoothGrad": estimate(0.2, 50)},
    "synthetic_opacities": {
        "hit": estimate(0.75, 120),
        "hit_before": estimate(0.15, 120),
        "raised": estimate(0.85, 120),
        "before": estimate(0.21, 120),
        "after": estimate(0.61, 120),
    },
    "adult_boxes": {
        "pointing": estimate(0.4, 21),
        "pointing_guess": estimate(0.25, 21),
        "overlap": estimate(0.22, 21),
        "overlap_guess": estimate(0.12, 21),
    },
}


def test_reliability_sentence_states_limits_and_their_rationale():
    sentence = reliability_sentence(LIMITS)
    assert "less than 25% of the evidence lies inside the lungs" in sentence
    assert "takes less than 1.2 points of probability more than painting over as much elsewhere" in sentence
    assert "rank correlation with occlusion is below -0.12." in sentence
    assert sentence.endswith(" Chosen by hand.")


def test_release_without_limits_checks_nothing():
    assert reliability_sentence(None) == (
        "Whether the heat map of a picture can be believed is not checked: this release has no limits for it."
    )


def test_each_kind_of_finding_has_a_row():
    rows = warnings_table(EXPLANATIONS)
    assert [row["Readings"] for row in rows] == [
        "pneumonia, rightly found",
        "normal, rightly left alone",
        "false alarms",
        "missed",
        "indeterminate",
        "networks with random weights",
    ]
    assert rows[2] == {
        "Readings": "false alarms",
        "Warned about": formatted(0.3),
        "n": "30",
        "No evidence to check": "3",
    }


@pytest.mark.parametrize("explanations", [None, EXPLANATIONS | {"warnings": None}])
def test_no_rows_without_limits_or_metrics(explanations):
    assert warnings_table(explanations) == []


def test_each_question_has_sentences_with_n_and_interval():
    sample, curves, inside, agreement, opacities, boxes = heat_map_sentences(EXPLANATIONS)
    n, not_applicable = 10 * (1 + 2 + 3 + 4 + 5), 1 + 2 + 3 + 4 + 5
    assert sample.startswith(f"In the table are the readings of {n + not_applicable} pictures that were drawn from")

    assert "on 33 test pictures" in curves
    assert [curves.index(formatted(value)) for value in (0.3, 0.6, 0.9, 0.8, 0.5, 0.7)] == sorted(
        curves.index(formatted(value)) for value in (0.3, 0.6, 0.9, 0.8, 0.5, 0.7)
    )
    assert f"{formatted(0.65)} lies inside the lung fields (mean of 44 test pictures)" in inside
    assert f"of the area that the reader sees, {formatted(0.45)}." in inside
    assert agreement.endswith(
        f": with occlusion {formatted(0.55)} (n = 600), with SmoothGrad {formatted(0.2)} (n = 50)."
    )
    assert "put into a lung of 120 normal validation pictures" in opacities
    assert f"inside it in {formatted(0.75)}, and in the same place without it in {formatted(0.15)}." in opacities
    assert f"rises in {formatted(0.85)} of them, on average from {formatted(0.21)} to {formatted(0.61)}." in opacities
    assert boxes.startswith("On 21 films of adults, few and out of the population,")
    assert f"inside it in {formatted(0.4)}, a guess at a lung's centre in {formatted(0.25)}." in boxes
    assert f"(IoU) is {formatted(0.22)}, of a disc of the same area at a lung's centre {formatted(0.12)}." in boxes


def test_unmeasured_parts_are_named():
    assert heat_map_sentences(None) == ["How far heat maps can be believed was not measured."]
    *_, boxes = heat_map_sentences(EXPLANATIONS | {"adult_boxes": None})
    assert boxes == "Maps were not compared with boxes that radiologists drew."


def test_summary_states_evidence_inside_lungs_and_warning_rates():
    sentence = reliability_summary(EXPLANATIONS)
    inside, warnings = EXPLANATIONS["inside_lungs"], EXPLANATIONS["warnings"]
    for share in (inside["evidence"], inside["area"], warnings["right_pneumonia"], warnings["randomised"]):
        assert formatted(share["value"]) in sentence
    assert "10 and 60 readings" in sentence
    assert reliability_summary(None) == reliability_summary(EXPLANATIONS | {"warnings": None}) == UNMEASURED_TEXT


def test_limits_close_to_zero_keep_two_digits():
    sentence = reliability_sentence(LIMITS | {"effect": -0.00016, "agreement": 0.0069})
    assert "takes more than 0.016 points of probability less than painting over as much elsewhere" in sentence
    assert "rank correlation with occlusion is below 0.0069." in sentence
