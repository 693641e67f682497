"""Metrics of the measured sets in tables and sentences, the same on the page and in the model card."""

from typing import Any

from model.codes import LABELS, Label
from model.inference.release_schema import ConformalDescription
from model.performance.formatting import SET_NAMES, format_estimate, format_percent
from model.performance.schema import (
    Confusion,
    ExternalMetrics,
    OperatingPointMetrics,
    ReleaseMetrics,
    RobustnessMetrics,
    SimilarCaseMetrics,
    SplitMetrics,
)

_GROUP_NAMES = {"F": "women", "M": "men", "AP": "AP (from the front)", "PA": "PA (from behind)"}


def measured_sets(metrics: ReleaseMetrics) -> dict[str, SplitMetrics | RobustnessMetrics]:
    """Return the measured sets of metrics.json by their display names, in display order; training is left out.

    Of the set "validation under shifts" only `n`, `calibration` and `conformal` exist.
    """
    splits = metrics["splits"]
    sets = {
        "test": splits.get("test"),
        "validation": splits.get("validation"),
        "stress_validation": metrics.get("stress_validation"),
        "adults": metrics.get("adults"),
    }
    return {SET_NAMES[name]: measured for name, measured in sets.items() if measured}


def operating_point_table(measured: OperatingPointMetrics) -> list[dict[str, str]]:
    """Tabulate rates and errors in one set, a row per operating point."""
    return [
        {
            "Operating point": name,
            "Threshold": f"{rates['threshold']:.3f}",
            "Sensitivity": format_estimate(rates["sensitivity"]),
            "Specificity": format_estimate(rates["specificity"]),
            "PPV": format_estimate(rates["precision"]),
            "Accuracy": format_estimate(rates["accuracy"]),
            "Missed": f"{rates['confusion']['fn']} of {rates['confusion']['fn'] + rates['confusion']['tp']}",
            "False alarms": f"{rates['confusion']['fp']} of {rates['confusion']['fp'] + rates['confusion']['tn']}",
        }
        for name, rates in measured["operating_points"].items()
    ]


def report_table(confusion: Confusion) -> list[dict[str, Any]]:
    """Make the classification report: precision, recall, F1 and number of images of each class.

    A figure that is not defined is None.
    """
    tp, fn, fp, tn = confusion["tp"], confusion["fn"], confusion["fp"], confusion["tn"]
    classes = {Label.NORMAL: (tn, fn, fp), Label.PNEUMONIA: (tp, fp, fn)}  # correct, false, missed
    return [
        {
            "Class": label,
            "Precision": _ratio(correct, correct + false),
            "Recall": _ratio(correct, correct + missed),
            "F1": _ratio(2 * correct, 2 * correct + false + missed),
            "Pictures": correct + missed,
        }
        for label, (correct, false, missed) in classes.items()
    ]


def sensitivity_by_cause_table(measured: SplitMetrics, point: str) -> list[dict[str, Any]]:
    """Tabulate sensitivity by cause at an operating point: as text, and as Share with Low and High for charts."""
    return [
        {
            "Cause": cause,
            "Sensitivity": format_estimate(share),
            "Pictures": share["n"],
            "Share": share["value"],
            "Low": share["low"],
            "High": share["high"],
        }
        for cause, share in measured["sensitivity_by_cause"][point].items()
    ]


def calibration_table(metrics: ReleaseMetrics) -> list[dict[str, str]]:
    """Tabulate calibration, two rows per set: at the training prevalence, and adjusted to the set's prevalence."""
    rows = []
    for set_name, measured in measured_sets(metrics).items():
        calibration = measured["calibration"]
        for adjusted, errors in (("no", calibration["raw"]), ("yes", calibration["prevalence_adjusted"])):
            if errors is not None:
                rows.append(
                    {
                        "Pictures": set_name,
                        "Prevalence there": format_percent(calibration["prevalence"], space=False),
                        "Corrected for it": adjusted,
                        "ECE": format_estimate(errors["ece"]),
                        "Brier score": format_estimate(errors["brier"]),
                        "Slope (1 is right)": format_estimate(errors["slope"]),
                        "Intercept (0 is right)": format_estimate(errors["intercept"]),
                    }
                )
    return rows


def conformal_sentence(conformal: ConformalDescription) -> str:
    """Explain when a verdict is indeterminate; `conformal` is the entry of model.json."""
    low, high = sorted((conformal["pneumonia_from"], conformal["normal_up_to"]))
    return (
        f"Between a probability of {low:.3f} and {high:.3f} (at the training prevalence) the reader says "
        "INDETERMINATE, refer to a radiologist: there not exactly one class is plausible. So it does where the "
        f"operating point contradicts the plausible class. {conformal['rationale']} On other people's films the share "
        "may be smaller."
    )


def conformal_table(metrics: ReleaseMetrics, point: str) -> list[dict[str, str]]:
    """Tabulate, per set and class, how often the true class is plausible and how often the verdict is indeterminate."""
    return [
        {
            "Pictures": set_name,
            "Class": label,
            "True class plausible": format_estimate(measured["conformal"]["coverage"][label]),
            "Indeterminate": format_estimate(measured["conformal"]["indeterminate"][point][label]),
            "n": str(measured["conformal"]["coverage"][label]["n"]),
        }
        for set_name, measured in measured_sets(metrics).items()
        for label in LABELS
    ]


def external_table(adults: ExternalMetrics | None, point: str) -> list[dict[str, str]]:
    """Tabulate the metrics on radiographs of adults: all, then by age, sex and view; no rows if not measured."""
    if adults is None:
        return []
    groups: dict[str, OperatingPointMetrics] = {"all": adults}
    for groups_of_kind in adults["groups"].values():
        groups |= groups_of_kind
    return [
        {
            "Group": _GROUP_NAMES.get(name, name),
            "AUC": format_estimate(group["auc"]),
            "Sensitivity": format_estimate(group["operating_points"][point]["sensitivity"]),
            "Specificity": format_estimate(group["operating_points"][point]["specificity"]),
            "Films": str(group["n"]),
            "With pneumonia": str(group["positives"]),
        }
        for name, group in groups.items()
    ]


def adults_sentence(adults: ExternalMetrics | None, point: str) -> str:
    """Tell a clinician how the model performs outside its population."""
    if adults is None:
        return "Outside its population it was not measured. It is not for adults."
    rates = adults["operating_points"][point]
    return (
        f"Not for adults: on {adults['n']} films of mostly adult patients elsewhere, with labels mined from reports, "
        f"AUC is {format_estimate(adults['auc'])}; it misses {_out_of_ten(1 - rates['sensitivity']['value'])} of 10 "
        f"with pneumonia and raises a false alarm in {_out_of_ten(1 - rates['specificity']['value'])} of 10 without."
    )


def similar_cases_sentence(similar_cases: SimilarCaseMetrics) -> str:
    """Describe how similar the nearest training images are to the test images."""
    by_class = " and ".join(
        f"{format_estimate(share)} for {label}" for label, share in similar_cases["by_class"].items()
    )
    return (
        f"Of the {similar_cases['count']} training pictures nearest to each of {similar_cases['same_class']['n']} test "
        f"pictures, the share of its class is {format_estimate(similar_cases['same_class'])}: {by_class}; of its cause "
        f"{format_estimate(similar_cases['same_cause'])}. Nearest is what the reader itself sees as alike, so similar "
        "cases tend to agree with it, also where it is wrong."
    )


def sample_sentence(measured: SplitMetrics) -> str:
    """Describe the images of a set."""
    return (
        f"{measured['n']} films of {measured['patients']} children, {measured['positives']} of the films with pneumonia"
    )


def rates_sentence(measured: SplitMetrics, point: str) -> str:
    """State sensitivity and specificity at an operating point, each with the number of images it refers to."""
    rates, positives = measured["operating_points"][point], measured["positives"]
    return (
        f"sensitivity {format_estimate(rates['sensitivity'])} on {positives} films with pneumonia, specificity "
        f"{format_estimate(rates['specificity'])} on {measured['n'] - positives} without"
    )


def _ratio(part: int, total: int) -> float | None:
    return part / total if total else None


def _out_of_ten(share: float) -> str:
    return f"about {round(10 * share)}" if 0.05 < share < 0.95 else ("almost none" if share < 0.5 else "almost all")
