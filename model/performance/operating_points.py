"""Rates at the operating points, in tables and sentences for the page and the model card."""

from typing import Any

from model.codes import Label, Population
from model.performance.formatting import format_estimate
from model.performance.schema import Confusion, OperatingPointMetrics, SplitMetrics
from model.performance.terms import term
from model.translation import gettext as _


def operating_point_table(measured: OperatingPointMetrics) -> list[dict[str, str]]:
    """Tabulate rates and errors in one set of images, with a row per operating point."""
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
    """Return the classification report, with a row per class: label, precision, recall, f1 and number of images.

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
    """Tabulate sensitivity by cause, or by appearance, at an operating point."""
    return [
        {
            _("Cause"): term(cause),
            _("Sensitivity"): format_estimate(share),
            _("Images"): str(share["n"]),
        }
        for cause, share in measured["sensitivity_by_cause"][point].items()
    ]


def sample_sentence(measured: SplitMetrics, population: Population) -> str:
    """Describe the images in the test split of a population."""
    if population is Population.CHILDREN:
        sentence = _(
            "The official test split has {n} images of {patients} children; {positives} of the images show pneumonia."
        )
    else:
        sentence = _("The test split has {n} images of {patients} adults; {positives} of the images show pneumonia.")
    return sentence.format(n=measured["n"], patients=measured["patients"], positives=measured["positives"])


def rates_sentence(measured: SplitMetrics, point: str) -> str:
    """State sensitivity and specificity at an operating point, each with the number of images that it refers to."""
    rates, positives = measured["operating_points"][point], measured["positives"]
    return _(
        "Sensitivity is {sensitivity} (n = {positives} images with pneumonia), specificity {specificity} (n = "
        "{negatives} images without it)."
    ).format(
        sensitivity=format_estimate(rates["sensitivity"]),
        positives=positives,
        specificity=format_estimate(rates["specificity"]),
        negatives=measured["n"] - positives,
    )


def _part_of(part: int, total: int) -> str:
    return _("{part} of {total}").format(part=part, total=total)


def _ratio(part: int, total: int) -> float | None:
    return part / total if total else None
