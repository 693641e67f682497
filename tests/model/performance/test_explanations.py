"""Sentences and tables about heat maps contain the figures from metrics.json and model.json."""

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
    assert "less than 25% of the evidence is inside the lungs" in sentence
    assert "does not lower the probability by at least 1.2 percentage points more than masking random" in sentence
    assert "the rank correlation between the map and occlusion is below -0.12." in sentence
    assert sentence.endswith(" Chosen by hand.")


def test_release_without_limits_checks_nothing():
    assert reliability_sentence(None) == "Heat maps are not checked: this release has no limits for the check."


def test_each_kind_of_finding_has_a_row():
    rows = warnings_table(EXPLANATIONS)
    assert [row["Results"] for row in rows] == [
        "true positives",
        "true negatives",
        "false alarms",
        "missed cases",
        "indeterminate",
        "networks with random weights",
    ]
    assert rows[2] == {
        "Results": "false alarms",
        "With a warning": formatted(0.3),
        "n": "30",
        "Without evidence to check": "3",
    }


@pytest.mark.parametrize("explanations", [None, EXPLANATIONS | {"warnings": None}])
def test_no_rows_without_limits_or_metrics(explanations):
    assert warnings_table(explanations) == []


def test_each_question_has_sentences_with_n_and_interval():
    sample, curves, inside, agreement, opacities, boxes = heat_map_sentences(EXPLANATIONS)
    n, not_applicable = 10 * (1 + 2 + 3 + 4 + 5), 1 + 2 + 3 + 4 + 5
    assert f"a sample of {n + not_applicable} images from the test split" in sample

    assert "on 33 true-positive test images" in curves
    assert [curves.index(formatted(value)) for value in (0.3, 0.6, 0.9, 0.8, 0.5, 0.7)] == sorted(
        curves.index(formatted(value)) for value in (0.3, 0.6, 0.9, 0.8, 0.5, 0.7)
    )
    assert f"inside the lung fields: {formatted(0.65)} (n = 44 test images)" in inside
    assert f"The lung fields cover {formatted(0.45)} of the region that the model sees." in inside
    assert agreement.endswith(f": occlusion {formatted(0.55)} (n = 600), SmoothGrad {formatted(0.2)} (n = 50).")
    assert "added to one lung in each of 120 normal validation images" in opacities
    assert f"inside the opacity in {formatted(0.75)} of the images" in opacities
    assert f"in the same place in {formatted(0.15)}." in opacities
    assert f"raises the probability in {formatted(0.85)} of the images" in opacities
    assert f"rises from {formatted(0.21)} to {formatted(0.61)}." in opacities
    assert boxes.startswith("Radiologists drew boxes on 21 radiographs of adults")
    assert f"is inside the box in {formatted(0.4)} of the images." in boxes
    assert f"as a blind guess, is inside the box in {formatted(0.25)}. Overlap" in boxes
    assert f"(IoU): {formatted(0.22)} for the map, {formatted(0.12)} for a disc" in boxes


@pytest.mark.parametrize("guess", [0.4, 0.5])
def test_a_map_that_is_no_better_than_the_guess_is_reported(guess):
    boxes = EXPLANATIONS["adult_boxes"] | {"pointing_guess": estimate(guess, 21)}
    *_, sentence = heat_map_sentences(EXPLANATIONS | {"adult_boxes": boxes})
    assert f"is inside the box in {formatted(guess)}: the map is no better than the guess." in sentence


def test_unmeasured_parts_are_named():
    assert heat_map_sentences(None) == [UNMEASURED_TEXT]
    *_, boxes = heat_map_sentences(EXPLANATIONS | {"adult_boxes": None})
    assert boxes == "Heat maps were not compared with boxes drawn by radiologists."


def test_summary_states_evidence_inside_lungs_and_warning_rates():
    sentence = reliability_summary(EXPLANATIONS)
    inside, warnings = EXPLANATIONS["inside_lungs"], EXPLANATIONS["warnings"]
    for share in (inside["evidence"], inside["area"], warnings["right_pneumonia"], warnings["randomised"]):
        assert formatted(share["value"]) in sentence
    assert "of true positives (test split, n = 10) and for" in sentence
    assert sentence.endswith("(n = 60).")
    assert reliability_summary(None) == reliability_summary(EXPLANATIONS | {"warnings": None}) == UNMEASURED_TEXT


def test_limits_close_to_zero_keep_two_digits():
    sentence = reliability_sentence(LIMITS | {"effect": -0.00016, "agreement": 0.0069})
    assert "masking random areas of equal size, and the difference is more than 0.016 percentage points" in sentence
    assert "the rank correlation between the map and occlusion is below 0.0069." in sentence
