"""What the page and the card say of heat maps is what metrics.json and model.json say."""

import pytest

from model.performance.explanations import (
    UNMEASURED_TEXT,
    heat_map_sentences,
    reliability_sentence,
    reliability_summary,
    warnings_table,
)

LIMITS = {"inside_lungs": 0.254, "effect": 0.0123, "agreement": -0.125, "chosen": "Chosen by hand."}


def share(value: float, n: int = 40) -> dict:
    return {"n": n, "value": value, "low": value - 0.05, "high": value + 0.05}


def shown(value: float) -> str:
    return f"{value:.3f} ({value - 0.05:.3f}-{value + 0.05:.3f})"


EXPLANATIONS = {
    "warnings": {
        kind: share(0.1 * number, 10 * number) | {"not_applicable": number}
        for number, kind in enumerate(
            ("right_pneumonia", "right_normal", "false_alarm", "missed", "indeterminate", "randomised"), start=1
        )
    },
    "curves": {
        "n": 33,
        "steps": 10,
        "deletion": {"map": share(0.3), "random": share(0.6), "better": share(0.9)},
        "insertion": {"map": share(0.8), "random": share(0.5), "better": share(0.7)},
    },
    "inside_lungs": {"evidence": share(0.65, 44), "area": share(0.45, 44)},
    "agreement": {"occlusion": share(0.55, 600), "SmoothGrad": share(0.2, 50)},
    "known_answers": {
        "hit": share(0.75, 120),
        "hit_before": share(0.15, 120),
        "raised": share(0.85, 120),
        "before": share(0.21, 120),
        "after": share(0.61, 120),
    },
    "adult_boxes": {
        "pointing": share(0.4, 21),
        "pointing_guess": share(0.25, 21),
        "overlap": share(0.22, 21),
        "overlap_guess": share(0.12, 21),
    },
}


def test_the_limits_of_the_checks_are_told_with_how_they_were_chosen():
    sentence = reliability_sentence(LIMITS)
    assert "less than 25% of the evidence lies inside the lungs" in sentence
    assert "takes less than 1.2 points of probability more than painting over as much elsewhere" in sentence
    assert "rank correlation with occlusion is below -0.12." in sentence
    assert sentence.endswith(" Chosen by hand.")


def test_a_release_without_limits_is_said_to_check_nothing():
    assert reliability_sentence(None) == (
        "Whether the heat map of a picture can be believed is not checked: this release has no limits for it."
    )


def test_each_kind_of_reading_has_its_row():
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
        "Warned about": shown(0.3),
        "n": "30",
        "No evidence to check": "3",
    }


@pytest.mark.parametrize("explanations", [None, EXPLANATIONS | {"warnings": None}])
def test_without_limits_or_figures_there_are_no_rows(explanations):
    assert warnings_table(explanations) == []


def test_each_question_has_its_sentences_with_n_and_interval():
    drawn, curves, inside, agreement, known, boxes = heat_map_sentences(EXPLANATIONS)
    n, not_applicable = 10 * (1 + 2 + 3 + 4 + 5), 1 + 2 + 3 + 4 + 5
    assert drawn.startswith(f"In the table are the readings of {n + not_applicable} pictures that were drawn from")

    assert "on 33 test pictures" in curves
    assert [curves.index(shown(value)) for value in (0.3, 0.6, 0.9, 0.8, 0.5, 0.7)] == sorted(
        curves.index(shown(value)) for value in (0.3, 0.6, 0.9, 0.8, 0.5, 0.7)
    )
    assert f"{shown(0.65)} lies inside the lung fields (mean of 44 test pictures)" in inside
    assert f"of the area that the reader sees, {shown(0.45)}." in inside
    assert agreement.endswith(f": with occlusion {shown(0.55)} (n = 600), with SmoothGrad {shown(0.2)} (n = 50).")
    assert "put into a lung of 120 normal validation pictures" in known
    assert f"inside it in {shown(0.75)}, and in the same place without it in {shown(0.15)}." in known
    assert f"rises in {shown(0.85)} of them, on average from {shown(0.21)} to {shown(0.61)}." in known
    assert boxes.startswith("On 21 films of adults, few and out of the population,")
    assert f"inside it in {shown(0.4)}, a guess at a lung's centre in {shown(0.25)}." in boxes
    assert f"(IoU) is {shown(0.22)}, of a disc of the same area at a lung's centre {shown(0.12)}." in boxes


def test_what_was_not_measured_is_said_to_be():
    assert heat_map_sentences(None) == ["How far heat maps can be believed was not measured."]
    *_, boxes = heat_map_sentences(EXPLANATIONS | {"adult_boxes": None})
    assert boxes == "Maps were not compared with boxes that radiologists drew."


def test_in_short_it_is_told_how_much_evidence_lies_inside_lungs_and_how_often_it_is_warned():
    sentence = reliability_summary(EXPLANATIONS)
    inside, warned = EXPLANATIONS["inside_lungs"], EXPLANATIONS["warnings"]
    for of in (inside["evidence"], inside["area"], warned["right_pneumonia"], warned["randomised"]):
        assert shown(of["value"]) in sentence
    assert "10 and 60 readings" in sentence
    assert reliability_summary(None) == reliability_summary(EXPLANATIONS | {"warnings": None}) == UNMEASURED_TEXT


def test_a_limit_a_little_beside_nothing_is_told_as_what_it_is():
    sentence = reliability_sentence(LIMITS | {"effect": -0.00016, "agreement": 0.0069})
    assert "takes more than 0.016 points of probability less than painting over as much elsewhere" in sentence
    assert "rank correlation with occlusion is below 0.0069." in sentence
