"""Reliability of heat maps in tables and sentences, the same on the page and in the model card."""

from model.inference.release_schema import ReliabilityDescription
from model.performance.formatting import format_estimate, format_percent
from model.performance.schema import (
    BoxAgreement,
    CountedEstimate,
    DeletionInsertion,
    HeatMapMetrics,
    LungEvidence,
    SyntheticOpacities,
    WarningRate,
)

UNMEASURED_TEXT = "How far heat maps can be believed was not measured."
_FINDING_KINDS = {
    "right_pneumonia": "pneumonia, rightly found",
    "right_normal": "normal, rightly left alone",
    "false_alarm": "false alarms",
    "missed": "missed",
    "indeterminate": "indeterminate",
    "randomised": "networks with random weights",
}


def reliability_sentence(limits: ReliabilityDescription | None) -> str:
    """Explain when a heat map is called unreliable; `limits` is the entry of model.json, None if it has none."""
    if limits is None:
        return "Whether the heat map of a picture can be believed is not checked: this release has no limits for it."
    points = f"{abs(100 * limits['effect']):.2g} points of probability"
    comparison = f"more than {points} less than" if limits["effect"] < 0 else f"less than {points} more than"
    return (
        "With each reading that has positive evidence, the heat map is checked. The viewer says that the explanation "
        f"is not reliable where less than {format_percent(limits['inside_lungs'], space=False)} of the evidence lies "
        "inside the lungs, where painting over the tenth of the picture with the strongest evidence takes "
        f"{comparison} painting over as much elsewhere, or where its rank correlation with occlusion is below "
        f"{limits['agreement']:.2g}. {limits['rationale']}"
    )


def reliability_summary(explanations: HeatMapMetrics | None) -> str:
    """Summarise in one paragraph how far heat maps can be trusted."""
    if explanations is None or explanations["warnings"] is None:
        return UNMEASURED_TEXT
    inside, warnings = explanations["inside_lungs"], explanations["warnings"]
    correct, randomised = warnings["right_pneumonia"], warnings["randomised"]
    return (
        f"A heat map is a hint and no proof: of its evidence a share of {format_estimate(inside['evidence'])} lies "
        f"inside the lung fields, which are {format_estimate(inside['area'])} of what the reader sees. The warning "
        f"that it is not reliable comes with {format_estimate(correct)} of pneumonia rightly found, and with "
        f"{format_estimate(randomised)} of what networks with random weights say (test, {correct['n']} and "
        f"{randomised['n']} readings)."
    )


def warnings_table(explanations: HeatMapMetrics | None) -> list[dict[str, str]]:
    """Tabulate how often findings get the warning, a row per kind of finding; no rows if not measured."""
    if explanations is None or explanations["warnings"] is None:
        return []
    return [
        {
            "Readings": kind_name,
            "Warned about": format_estimate(explanations["warnings"][kind]),
            "n": str(explanations["warnings"][kind]["n"]),
            "No evidence to check": str(explanations["warnings"][kind]["not_applicable"]),
        }
        for kind, kind_name in _FINDING_KINDS.items()
    ]


def heat_map_sentences(explanations: HeatMapMetrics | None) -> list[str]:
    """Describe all that was measured of the heat maps, one or two sentences per question."""
    if explanations is None:
        return [UNMEASURED_TEXT]
    return [
        *_sample_sentences(explanations["warnings"]),
        _deletion_insertion_sentence(explanations["deletion_insertion"]),
        _evidence_in_lungs_sentence(explanations["inside_lungs"]),
        _agreement_sentence(explanations["agreement"]),
        _synthetic_opacities_sentence(explanations["synthetic_opacities"]),
        _radiologist_boxes_sentence(explanations["adult_boxes"]),
    ]


def _sample_sentences(warnings: dict[str, WarningRate] | None) -> list[str]:
    if warnings is None:
        return []
    drawn = sum(rate["n"] + rate["not_applicable"] for kind, rate in warnings.items() if kind != "randomised")
    return [
        f"In the table are the readings of {drawn} pictures that were drawn from the test split, so the reader's "
        "errors among them are few."
    ]


def _deletion_insertion_sentence(curves: DeletionInsertion) -> str:
    deletion, insertion = curves["deletion"], curves["insertion"]
    return (
        f"Deletion and insertion on {curves['n']} test pictures with pneumonia that are found: painted over in the "
        f"order of the map, the mean probability on the way is {format_estimate(deletion['map'])}, in random order "
        f"{format_estimate(deletion['random'])}; the map's order is the better one in a share of "
        f"{format_estimate(deletion['better'])}. Laid open in the order of the map it is "
        f"{format_estimate(insertion['map'])}, in random order {format_estimate(insertion['random'])}; better in "
        f"{format_estimate(insertion['better'])}."
    )


def _evidence_in_lungs_sentence(inside: LungEvidence) -> str:
    return (
        f"Of the positive evidence a share of {format_estimate(inside['evidence'])} lies inside the lung fields (mean "
        f"of {inside['evidence']['n']} test pictures); of the area that the reader sees, "
        f"{format_estimate(inside['area'])}."
    )


def _agreement_sentence(agreement: dict[str, CountedEstimate]) -> str:
    methods = ", ".join(
        f"with {method} {format_estimate(correlation)} (n = {correlation['n']})"
        for method, correlation in agreement.items()
    )
    return f"Mean rank correlation of the heat map, 1 where another method ranks all places alike: {methods}."


def _synthetic_opacities_sentence(opacities: SyntheticOpacities) -> str:
    return (
        f"A soft opacity put into a lung of {opacities['hit']['n']} normal validation pictures: the hottest place of "
        f"the map lies inside it in {format_estimate(opacities['hit'])}, and in the same place without it in "
        f"{format_estimate(opacities['hit_before'])}. The probability rises in {format_estimate(opacities['raised'])} "
        f"of them, on average from {format_estimate(opacities['before'])} to {format_estimate(opacities['after'])}."
    )


def _radiologist_boxes_sentence(boxes: BoxAgreement | None) -> str:
    if boxes is None:
        return "Maps were not compared with boxes that radiologists drew."
    return (
        f"On {boxes['pointing']['n']} films of adults, few and out of the population, with a box that a radiologist "
        f"drew: the hottest place lies inside it in {format_estimate(boxes['pointing'])}, a guess at a lung's centre "
        f"in {format_estimate(boxes['pointing_guess'])}. Overlap with the box (IoU) is "
        f"{format_estimate(boxes['overlap'])}, of a disc of the same area at a lung's centre "
        f"{format_estimate(boxes['overlap_guess'])}."
    )
