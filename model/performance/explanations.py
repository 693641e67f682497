"""Reliability of heat maps, in tables and sentences for the page and the model card."""

from model.inference.release_schema import ReliabilityDescription
from model.performance.formatting import format_estimate, format_percent
from model.performance.opacity_maps import opacity_limit_sentences
from model.performance.schema import (
    BoxAgreement,
    CountedEstimate,
    DeletionInsertion,
    HeatMapMetrics,
    LungEvidence,
    SyntheticOpacities,
    WarningRate,
)
from model.translation import N_
from model.translation import gettext as _

UNMEASURED_TEXT = N_("The reliability of the heat maps was not measured.")
_FINDING_KINDS = {
    "right_pneumonia": N_("true positives"),
    "right_normal": N_("true negatives"),
    "false_alarm": N_("false alarms"),
    "missed": N_("missed cases"),
    "indeterminate": N_("indeterminate"),
    "randomised": N_("networks with random weights"),
}


def reliability_sentence(limits: ReliabilityDescription | None) -> str:
    """Explain when a heat map is called unreliable; `limits` is the entry in model.json, None if there is none."""
    if limits is None:
        return _("Heat maps are not checked: this release has no limits for the check.")
    if "auc" in limits:
        return opacity_limit_sentences(limits)
    if limits["effect"] < 0:
        sentence = _(
            "The heat map of every result with positive evidence is checked. It is reported as not reliable in any of "
            "these cases: less than {inside_lungs} of the evidence is inside the lungs; masking the tenth of the image "
            "with the strongest evidence lowers the probability less than masking random areas of equal size, and the "
            "difference is more than {effect} percentage points; or the rank correlation between the map and occlusion "
            "is below {agreement}. {rationale}"
        )
    else:
        sentence = _(
            "The heat map of every result with positive evidence is checked. It is reported as not reliable in any of "
            "these cases: less than {inside_lungs} of the evidence is inside the lungs; masking the tenth of the image "
            "with the strongest evidence does not lower the probability by at least {effect} percentage points more "
            "than masking random areas of equal size; or the rank correlation between the map and occlusion is below "
            "{agreement}. {rationale}"
        )
    return sentence.format(
        inside_lungs=format_percent(limits["inside_lungs"]),
        effect=f"{100 * abs(limits['effect']):.2g}",
        agreement=f"{limits['agreement']:.2g}",
        rationale=limits["rationale"],
    )


def reliability_summary(explanations: HeatMapMetrics | None) -> str:
    """Summarise the reliability of heat maps in one paragraph."""
    if explanations is None or explanations["warnings"] is None:
        return _(UNMEASURED_TEXT)
    inside, warnings = explanations["inside_lungs"], explanations["warnings"]
    correct, randomised = warnings["right_pneumonia"], warnings["randomised"]
    return _(
        "A heat map is a hint, not proof. The mean share of its evidence inside the lung fields is {evidence}; the "
        "lung fields cover {area} of the region that the model sees. A warning that the heat map is not reliable is "
        "given for {correct} of true positives (test split, n = {n_correct}) and for {randomised} of results from "
        "networks with random weights (n = {n_randomised})."
    ).format(
        evidence=format_estimate(inside["evidence"]),
        area=format_estimate(inside["area"]),
        correct=format_estimate(correct),
        randomised=format_estimate(randomised),
        n_correct=correct["n"],
        n_randomised=randomised["n"],
    )


def warnings_table(explanations: HeatMapMetrics | None) -> list[dict[str, str]]:
    """Tabulate how often results get the warning, with a row per kind of result; no rows without metrics."""
    if explanations is None or explanations["warnings"] is None:
        return []
    return [
        {
            _("Results"): _(kind_name),
            _("With a warning"): format_estimate(explanations["warnings"][kind]),
            _("n"): str(explanations["warnings"][kind]["n"]),
            _("Without evidence to check"): str(explanations["warnings"][kind]["not_applicable"]),
        }
        for kind, kind_name in _FINDING_KINDS.items()
    ]


def heat_map_sentences(explanations: HeatMapMetrics | None) -> list[str]:
    """Describe all measurements of heat maps, with one or two sentences per question."""
    if explanations is None:
        return [_(UNMEASURED_TEXT)]
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
        _(
            "The table covers a sample of {n} images from the test split. The model is wrong on few of them, so the "
            "rates for false alarms and missed cases are imprecise."
        ).format(n=drawn)
    ]


def _deletion_insertion_sentence(curves: DeletionInsertion) -> str:
    deletion, insertion = curves["deletion"], curves["insertion"]
    return _(
        "Deletion and insertion on {n} true-positive test images: mean probability while the image is masked or "
        "revealed step by step. Deletion: {deletion_map} in the order of the map, {deletion_random} in random order; "
        "the order of the map is better for {deletion_better} of the images. Insertion: {insertion_map} in the order "
        "of the map, {insertion_random} in random order; the order of the map is better for {insertion_better}."
    ).format(
        n=curves["n"],
        deletion_map=format_estimate(deletion["map"]),
        deletion_random=format_estimate(deletion["random"]),
        deletion_better=format_estimate(deletion["better"]),
        insertion_map=format_estimate(insertion["map"]),
        insertion_random=format_estimate(insertion["random"]),
        insertion_better=format_estimate(insertion["better"]),
    )


def _evidence_in_lungs_sentence(inside: LungEvidence) -> str:
    return _(
        "Mean share of the positive evidence inside the lung fields: {evidence} (n = {n} test images). The lung fields "
        "cover {area} of the region that the model sees."
    ).format(
        evidence=format_estimate(inside["evidence"]), n=inside["evidence"]["n"], area=format_estimate(inside["area"])
    )


def _agreement_sentence(agreement: dict[str, CountedEstimate]) -> str:
    correlations = [
        _("{method} {correlation} (n = {n})").format(
            method=_(method), correlation=format_estimate(correlation), n=correlation["n"]
        )
        for method, correlation in agreement.items()
    ]
    return _(
        "Mean rank correlation between the heat map and other methods (1 if both rank all positions in the same "
        "order): {correlations}."
    ).format(correlations=", ".join(correlations))


def _synthetic_opacities_sentence(opacities: SyntheticOpacities) -> str:
    return _(
        "A soft synthetic opacity was added to one lung in each of {n} normal validation images. The maximum of the "
        "map is inside the opacity in {hit} of the images; without the opacity, the maximum is in the same place in "
        "{hit_before}. The opacity raises the probability in {raised} of the images; the mean probability rises from "
        "{before} to {after}."
    ).format(
        n=opacities["hit"]["n"],
        hit=format_estimate(opacities["hit"]),
        hit_before=format_estimate(opacities["hit_before"]),
        raised=format_estimate(opacities["raised"]),
        before=format_estimate(opacities["before"]),
        after=format_estimate(opacities["after"]),
    )


def _radiologist_boxes_sentence(boxes: BoxAgreement | None) -> str:
    if boxes is None:
        return _("Heat maps were not compared with boxes drawn by radiologists.")
    if boxes["pointing"]["value"] > boxes["pointing_guess"]["value"]:
        sentence = _(
            "Radiologists drew boxes on {n} radiographs of adults (few, and outside the intended population). The "
            "maximum of the map is inside the box in {pointing} of the images. The centre of a lung, as a blind guess, "
            "is inside the box in {pointing_guess}. Overlap with the box (IoU): {overlap} for the map, {overlap_guess} "
            "for a disc of the same area at the centre of a lung."
        )
    else:
        sentence = _(
            "Radiologists drew boxes on {n} radiographs of adults (few, and outside the intended population). The "
            "maximum of the map is inside the box in {pointing} of the images. The centre of a lung, as a blind guess, "
            "is inside the box in {pointing_guess}: the map is no better than the guess. Overlap with the box (IoU): "
            "{overlap} for the map, {overlap_guess} for a disc of the same area at the centre of a lung."
        )
    return sentence.format(
        n=boxes["pointing"]["n"],
        pointing=format_estimate(boxes["pointing"]),
        pointing_guess=format_estimate(boxes["pointing_guess"]),
        overlap=format_estimate(boxes["overlap"]),
        overlap_guess=format_estimate(boxes["overlap_guess"]),
    )
