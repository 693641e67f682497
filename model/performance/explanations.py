"""How far heat maps can be believed, from metrics.json, in the words of the page and the card."""

from typing import Any

from model.performance.formatting import format_estimate

_CASE_NAMES = {
    "right_pneumonia": "pneumonia, rightly found",
    "right_normal": "normal, rightly left alone",
    "false_alarm": "false alarms",
    "missed": "missed",
    "indeterminate": "indeterminate",
    "randomised": "networks with random weights",
}
UNMEASURED_TEXT = "How far heat maps can be believed was not measured."


def reliability_sentence(limits: dict[str, Any] | None) -> str:
    """When a reading is warned about, from model.json."""
    if limits is None:
        return "Whether the heat map of a picture can be believed is not checked: this release has no limits for it."
    points = f"{abs(100 * limits['effect']):.2g} points of probability"
    than = f"more than {points} less than" if limits["effect"] < 0 else f"less than {points} more than"
    return (
        "With each reading that has positive evidence, the heat map is checked. The viewer says that the explanation "
        f"is not reliable where less than {limits['inside_lungs']:.0%} of the evidence lies inside the lungs, where "
        f"painting over the tenth of the picture with the strongest evidence takes {than} painting over as much "
        f"elsewhere, or where its rank correlation with occlusion is below {limits['agreement']:.2g}. "
        f"{limits['chosen']}"
    )


def reliability_summary(explanations: dict[str, Any] | None) -> str:
    """How far a heat map can be trusted, in one paragraph for those who read no more."""
    if explanations is None or explanations["warnings"] is None:
        return UNMEASURED_TEXT
    inside, warned = explanations["inside_lungs"], explanations["warnings"]
    right, randomised = warned["right_pneumonia"], warned["randomised"]
    return (
        f"A heat map is a hint and no proof: of its evidence a share of {format_estimate(inside['evidence'])} lies "
        f"inside the lung fields, which are {format_estimate(inside['area'])} of what the reader sees. The warning that "
        f"it is not reliable comes with {format_estimate(right)} of pneumonia rightly found, and with "
        f"{format_estimate(randomised)} of what networks with random weights say (test, {right['n']} and "
        f"{randomised['n']} readings)."
    )


def warnings_table(explanations: dict[str, Any] | None) -> list[dict[str, str]]:
    """How often readings are warned about, a row per kind of reading; none where it was not measured."""
    if explanations is None or explanations["warnings"] is None:
        return []
    return [
        {
            "Readings": words,
            "Warned about": format_estimate(explanations["warnings"][kind]),
            "n": str(explanations["warnings"][kind]["n"]),
            "No evidence to check": str(explanations["warnings"][kind]["not_applicable"]),
        }
        for kind, words in _CASE_NAMES.items()
    ]


def heat_map_sentences(explanations: dict[str, Any] | None) -> list[str]:
    """What was measured of the heat maps in plain words, a sentence or two per question."""
    if explanations is None:
        return [UNMEASURED_TEXT]
    return [
        *_sample(explanations["warnings"]),
        _deletion_insertion(explanations["curves"]),
        _evidence_in_lungs(explanations["inside_lungs"]),
        _agreement(explanations["agreement"]),
        _synthetic_opacities(explanations["known_answers"]),
        _radiologist_boxes(explanations["adult_boxes"]),
    ]


def _sample(warnings: dict[str, Any] | None) -> list[str]:
    if warnings is None:
        return []
    drawn = sum(of["n"] + of["not_applicable"] for kind, of in warnings.items() if kind != "randomised")
    return [
        f"In the table are the readings of {drawn} pictures that were drawn from the test split, so the reader's "
        "errors among them are few."
    ]


def _deletion_insertion(curves: dict[str, Any]) -> str:
    deletion, insertion = curves["deletion"], curves["insertion"]
    return (
        f"Deletion and insertion on {curves['n']} test pictures with pneumonia that are found: painted over in the "
        f"order of the map, the mean probability on the way is {format_estimate(deletion['map'])}, in random order "
        f"{format_estimate(deletion['random'])}; the map's order is the better one in a share of "
        f"{format_estimate(deletion['better'])}. Laid open in the order of the map it is "
        f"{format_estimate(insertion['map'])}, in random order {format_estimate(insertion['random'])}; better in "
        f"{format_estimate(insertion['better'])}."
    )


def _evidence_in_lungs(inside: dict[str, Any]) -> str:
    return (
        f"Of the positive evidence a share of {format_estimate(inside['evidence'])} lies inside the lung fields (mean of "
        f"{inside['evidence']['n']} test pictures); of the area that the reader sees, {format_estimate(inside['area'])}."
    )


def _agreement(agreement: dict[str, Any]) -> str:
    methods = ", ".join(f"with {name} {format_estimate(of)} (n = {of['n']})" for name, of in agreement.items())
    return f"Mean rank correlation of the heat map, 1 where another method ranks all places alike: {methods}."


def _synthetic_opacities(known: dict[str, Any]) -> str:
    return (
        f"A soft opacity put into a lung of {known['hit']['n']} normal validation pictures: the hottest place of the "
        f"map lies inside it in {format_estimate(known['hit'])}, and in the same place without it in "
        f"{format_estimate(known['hit_before'])}. The probability rises in {format_estimate(known['raised'])} of them, on "
        f"average from {format_estimate(known['before'])} to {format_estimate(known['after'])}."
    )


def _radiologist_boxes(boxes: dict[str, Any] | None) -> str:
    if boxes is None:
        return "Maps were not compared with boxes that radiologists drew."
    return (
        f"On {boxes['pointing']['n']} films of adults, few and out of the population, with a box that a radiologist "
        f"drew: the hottest place lies inside it in {format_estimate(boxes['pointing'])}, a guess at a lung's centre in "
        f"{format_estimate(boxes['pointing_guess'])}. Overlap with the box (IoU) is {format_estimate(boxes['overlap'])}, "
        f"of a disc of the same area at a lung's centre {format_estimate(boxes['overlap_guess'])}."
    )
