"""Metrics of the measured sets in tables and sentences, the same on the page and in the model card."""

import math
from typing import Any, Literal

from model.codes import LABELS, Label
from model.inference.release_schema import ConformalDescription
from model.performance.formatting import format_estimate, format_percent, set_name
from model.performance.schema import (
    Confusion,
    ExternalMetrics,
    OperatingPointMetrics,
    ReleaseMetrics,
    RobustnessMetrics,
    SimilarCaseMetrics,
    SplitMetrics,
)
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _

# Names of the groups of adults, by their keys in metrics.json with underscores for spaces. An unknown key is its own
# name.
_GROUP_NAMES = {
    "under_18_years": N_("under 18 years"),
    "18_to_39_years": N_("18 to 39 years"),
    "40_to_59_years": N_("40 to 59 years"),
    "60_years_and_older": N_("60 years and older"),
    "F": N_("female"),
    "M": N_("male"),
    "AP": N_("AP view"),
    "PA": N_("PA view"),
}


def measured_sets(metrics: ReleaseMetrics) -> dict[str, SplitMetrics | RobustnessMetrics]:
    """Return the measured sets of metrics.json by their keys, in display order; training is left out.

    Of the set "stress_validation" only `n`, `calibration` and `conformal` exist.
    """
    splits = metrics["splits"]
    sets = {
        "test": splits.get("test"),
        "validation": splits.get("validation"),
        "stress_validation": metrics.get("stress_validation"),
        "adults": metrics.get("adults"),
    }
    return {key: measured for key, measured in sets.items() if measured}


def operating_point_table(measured: OperatingPointMetrics) -> list[dict[str, str]]:
    """Tabulate rates and errors in one set, a row per operating point."""
    return [
        {
            _("Decision threshold"): term(name),
            _("Threshold"): f"{rates['threshold']:.3f}",
            _("Sensitivity"): format_estimate(rates["sensitivity"]),
            _("Specificity"): format_estimate(rates["specificity"]),
            _("PPV"): format_estimate(rates["precision"]),
            _("Accuracy"): format_estimate(rates["accuracy"]),
            _("Missed cases"): _part_of(rates["confusion"]["fn"], rates["confusion"]["fn"] + rates["confusion"]["tp"]),
            _("False alarms"): _part_of(rates["confusion"]["fp"], rates["confusion"]["fp"] + rates["confusion"]["tn"]),
        }
        for name, rates in measured["operating_points"].items()
    ]


def classification_report(confusion: Confusion) -> list[dict[str, Any]]:
    """Return the classification report, a row per class: label, precision, recall, f1 and number of images.

    A metric that is not defined is None.
    """
    tp, fn, fp, tn = confusion["tp"], confusion["fn"], confusion["fp"], confusion["tn"]
    classes = {Label.NORMAL: (tn, fn, fp), Label.PNEUMONIA: (tp, fp, fn)}  # correct, false, missed
    return [
        {
            "label": label,
            "precision": _ratio(correct, correct + false),
            "recall": _ratio(correct, correct + missed),
            "f1": _ratio(2 * correct, 2 * correct + false + missed),
            "images": correct + missed,
        }
        for label, (correct, false, missed) in classes.items()
    ]


def sensitivity_by_cause(measured: SplitMetrics, point: str) -> list[dict[str, Any]]:
    """Return the sensitivity by cause at an operating point for charts: cause, images, share, low and high (0-1)."""
    return [
        {
            "cause": cause,
            "images": share["n"],
            "share": share["value"],
            "low": share["low"],
            "high": share["high"],
        }
        for cause, share in measured["sensitivity_by_cause"][point].items()
    ]


def sensitivity_by_cause_table(measured: SplitMetrics, point: str) -> list[dict[str, str]]:
    """Tabulate sensitivity by cause at an operating point."""
    return [
        {
            _("Cause"): term(cause),
            _("Sensitivity"): format_estimate(share),
            _("Images"): str(share["n"]),
        }
        for cause, share in measured["sensitivity_by_cause"][point].items()
    ]


def calibration_table(metrics: ReleaseMetrics) -> list[dict[str, str]]:
    """Tabulate calibration, two rows per set: at the training prevalence, and adjusted to the prevalence of the set."""
    rows = []
    for key, measured in measured_sets(metrics).items():
        calibration = measured["calibration"]
        for adjusted, errors in ((_("no"), calibration["raw"]), (_("yes"), calibration["prevalence_adjusted"])):
            if errors is not None:
                rows.append(
                    {
                        _("Images"): set_name(key),
                        _("Prevalence"): format_percent(calibration["prevalence"]),
                        _("Adjusted to this prevalence"): adjusted,
                        _("ECE"): format_estimate(errors["ece"]),
                        _("Brier score"): format_estimate(errors["brier"]),
                        _("Slope (ideal: 1)"): format_estimate(errors["slope"]),
                        _("Intercept (ideal: 0)"): format_estimate(errors["intercept"]),
                    }
                )
    return rows


def miscalibration_direction(measured: SplitMetrics) -> Literal["high", "low"] | None:
    """Return whether probabilities around 50%, at the training prevalence, are too high or too low; None if neither.

    Too high or too low only if the 95% interval of the intercept (observed log odds at 50%) excludes 0.
    """
    intercept = measured["calibration"]["raw"]["intercept"]
    if intercept["value"] is None or intercept["low"] <= 0 <= intercept["high"]:
        return None
    return "high" if intercept["high"] < 0 else "low"


def calibration_sentence(test: SplitMetrics) -> str:
    """State how well probabilities around 50% are calibrated on the official test split."""
    calibration = test["calibration"]
    intercept, adjusted = calibration["raw"]["intercept"], calibration["prevalence_adjusted"]
    if intercept["value"] is None or adjusted is None:
        return _("Calibration on the official test split is not defined: it has images of one class only.")
    sentences = {
        "high": _(
            "Probabilities around 50% are too high on the official test split (n = {n}): of images with a "
            "probability of 50%, about {share} ({low}-{high}) show pneumonia. If probabilities are adjusted to the "
            "prevalence of this split ({prevalence}), it is about {adjusted}."
        ),
        "low": _(
            "Probabilities around 50% are too low on the official test split (n = {n}): of images with a "
            "probability of 50%, about {share} ({low}-{high}) show pneumonia. If probabilities are adjusted to the "
            "prevalence of this split ({prevalence}), it is about {adjusted}."
        ),
        None: _(
            "Probabilities around 50% are neither clearly too high nor too low on the official test split (n = {n}): "
            "of images with a probability of 50%, about {share} ({low}-{high}) show pneumonia."
        ),
    }
    return sentences[miscalibration_direction(test)].format(
        n=test["n"],
        share=format_percent(_share(intercept["value"])),
        low=format_percent(_share(intercept["low"])),
        high=format_percent(_share(intercept["high"])),
        prevalence=format_percent(calibration["prevalence"]),
        adjusted=format_percent(_share(adjusted["intercept"]["value"])),
    )


def conformal_sentence(conformal: ConformalDescription, test: SplitMetrics) -> str:
    """Explain when a verdict is indeterminate, and how often the true class is plausible on the official test split.

    Args:
        conformal: Entry of model.json.
        test: Metrics of the official test split.
    """
    low, high = sorted((conformal["pneumonia_from"], conformal["normal_up_to"]))
    coverage = test["conformal"]["coverage"]
    if conformal["pneumonia_from"] > conformal["normal_up_to"]:
        sentence = _(
            "Between probabilities of {low:.3f} and {high:.3f} (at the training prevalence) the result is "
            "indeterminate and should be referred to a radiologist: neither class is plausible. It is also "
            "indeterminate if the decision threshold contradicts the only plausible class. A class is called plausible "
            "if the probability is within its limit. {rationale} On the official test split, the true class is "
            "plausible for {normal} of normal images (n = {n_normal}) and for {pneumonia} of images with pneumonia "
            "(n = {n_pneumonia})."
        )
    else:
        sentence = _(
            "Between probabilities of {low:.3f} and {high:.3f} (at the training prevalence) the result is "
            "indeterminate and should be referred to a radiologist: both classes are plausible. It is also "
            "indeterminate if the decision threshold contradicts the only plausible class. A class is called plausible "
            "if the probability is within its limit. {rationale} On the official test split, the true class is "
            "plausible for {normal} of normal images (n = {n_normal}) and for {pneumonia} of images with pneumonia "
            "(n = {n_pneumonia})."
        )
    return sentence.format(
        low=low,
        high=high,
        rationale=conformal["rationale"],
        normal=format_estimate(coverage[Label.NORMAL]),
        n_normal=coverage[Label.NORMAL]["n"],
        pneumonia=format_estimate(coverage[Label.PNEUMONIA]),
        n_pneumonia=coverage[Label.PNEUMONIA]["n"],
    )


def conformal_table(metrics: ReleaseMetrics, point: str) -> list[dict[str, str]]:
    """Tabulate, per set and class, how often the true class is plausible and how often the verdict is indeterminate."""
    return [
        {
            _("Images"): set_name(key),
            _("Class"): term(label),
            _("True class plausible"): format_estimate(measured["conformal"]["coverage"][label]),
            _("Indeterminate"): format_estimate(measured["conformal"]["indeterminate"][point][label]),
            _("n"): str(measured["conformal"]["coverage"][label]["n"]),
        }
        for key, measured in measured_sets(metrics).items()
        for label in LABELS
    ]


def external_table(adults: ExternalMetrics | None, point: str) -> list[dict[str, str]]:
    """Tabulate the metrics on radiographs of adults: all, then by age, sex and view; no rows if not measured."""
    if adults is None:
        return []
    groups: dict[str, OperatingPointMetrics] = {_("all"): adults}
    for groups_of_kind in adults["groups"].values():
        groups |= {_(_GROUP_NAMES.get(key.replace(" ", "_"), key)): group for key, group in groups_of_kind.items()}
    return [
        {
            _("Group"): name,
            _("AUC"): format_estimate(group["auc"]),
            _("Sensitivity"): format_estimate(group["operating_points"][point]["sensitivity"]),
            _("Specificity"): format_estimate(group["operating_points"][point]["specificity"]),
            _("Images"): str(group["n"]),
            _("With pneumonia"): str(group["positives"]),
        }
        for name, group in groups.items()
    ]


def adults_sentence(adults: ExternalMetrics | None, point: str) -> str:
    """Summarise for a clinician how the model performs outside the intended population."""
    if adults is None:
        return _("Not for use in adults: performance outside the intended population was not measured.")
    rates = adults["operating_points"][point]
    return _(
        "Not for use in adults: on {n} radiographs of mostly adult patients from another source, with labels extracted "
        "from reports, the AUC is {auc}. At the {point} decision threshold, the model misses {missed} of the images "
        "with pneumonia and raises a false alarm for {false_alarms} of the images without."
    ).format(
        n=adults["n"],
        auc=format_estimate(adults["auc"]),
        point=term(point),
        missed=format_percent(1 - rates["sensitivity"]["value"]),
        false_alarms=format_percent(1 - rates["specificity"]["value"]),
    )


def similar_cases_sentence(similar_cases: SimilarCaseMetrics) -> str:
    """Describe how often the nearest training images agree with the test images."""
    by_class = [
        _("{name} {value}").format(name=term(label), value=format_estimate(share))
        for label, share in similar_cases["by_class"].items()
    ]
    return _(
        "Of the {count} training images most similar to each of {n} test images, on average a share of {same_class} "
        "has the same class as the test image; by class: {by_class}. On average, a share of {same_cause} has the same "
        "cause. Similarity is measured by the model itself, so similar cases tend to agree with it even when it is "
        "wrong."
    ).format(
        count=similar_cases["count"],
        n=similar_cases["same_class"]["n"],
        same_class=format_estimate(similar_cases["same_class"]),
        by_class=", ".join(by_class),
        same_cause=format_estimate(similar_cases["same_cause"]),
    )


def sample_sentence(measured: SplitMetrics) -> str:
    """Describe the images of the official test split."""
    return _("The official test split has {n} images of {patients} children; {positives} show pneumonia.").format(
        n=measured["n"], patients=measured["patients"], positives=measured["positives"]
    )


def rates_sentence(measured: SplitMetrics, point: str) -> str:
    """State sensitivity and specificity at an operating point, each with the number of images it refers to."""
    rates, positives = measured["operating_points"][point], measured["positives"]
    return _(
        "Sensitivity is {sensitivity} (n = {positives} images with pneumonia), specificity {specificity} (n = "
        "{negatives} images without)."
    ).format(
        sensitivity=format_estimate(rates["sensitivity"]),
        positives=positives,
        specificity=format_estimate(rates["specificity"]),
        negatives=measured["n"] - positives,
    )


def _part_of(part: int, total: int) -> str:
    return _("{part} of {total}").format(part=part, total=total)


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def _ratio(part: int, total: int) -> float | None:
    return part / total if total else None
