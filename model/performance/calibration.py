"""Calibration and conformal limits, in tables and sentences for the page and the model card."""

import math
from typing import Literal

from model.codes import LABELS, Label, Population
from model.inference.release_schema import ConformalDescription
from model.performance.formatting import format_estimate, format_percent, set_name
from model.performance.population import metrics_of_population
from model.performance.schema import ReleaseMetrics, RobustnessMetrics, SplitMetrics, ViewMetrics
from model.performance.terms import term
from model.translation import gettext as _


def measured_sets(
    metrics: ReleaseMetrics, population: Population
) -> dict[str, SplitMetrics | RobustnessMetrics | ViewMetrics]:
    """Return the measured sets of a population by their names, in display order, without the training split.

    For the set of perturbed images, only `n`, `calibration` and `conformal` exist. Images of another hospital belong to
    the population by whose decision rules they were judged.
    """
    splits = metrics_of_population(metrics, population)["splits"]
    sets: dict[str, SplitMetrics | RobustnessMetrics | ViewMetrics | None] = {
        set_name("test", population): splits.get("test"),
        set_name("validation", population): splits.get("validation"),
    }
    if population is Population.CHILDREN:
        sets[set_name("stress_validation", population)] = metrics.get("stress_validation")
    adults = metrics.get("adults")
    if adults and adults["decided_by"] == population:
        sets |= {set_name(view, population): measured for view, measured in adults["groups"]["view"].items()}
    return {name: measured for name, measured in sets.items() if measured}


def calibration_table(metrics: ReleaseMetrics, population: Population) -> list[dict[str, str]]:
    """Tabulate calibration, two rows per set: at the training prevalence, and adjusted to the prevalence of the set."""
    rows = []
    for name, measured in measured_sets(metrics, population).items():
        calibration = measured["calibration"]
        for adjusted, errors in ((_("no"), calibration["raw"]), (_("yes"), calibration["prevalence_adjusted"])):
            if errors is not None:
                rows.append(
                    {
                        _("Images"): name,
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

    They count as too high or too low only if the 95% interval of the intercept (observed log odds at 50%) excludes 0.
    """
    intercept = measured["calibration"]["raw"]["intercept"]
    if intercept["value"] is None or intercept["low"] <= 0 <= intercept["high"]:
        return None
    return "high" if intercept["high"] < 0 else "low"


def calibration_sentence(test: SplitMetrics) -> str:
    """State how well probabilities around 50% are calibrated on the test split."""
    calibration = test["calibration"]
    intercept, adjusted = calibration["raw"]["intercept"], calibration["prevalence_adjusted"]
    if intercept["value"] is None or adjusted is None:
        return _("Calibration on the test split is not defined: the split contains only one class.")
    sentences = {
        "high": _(
            "Probabilities around 50% are too high on the test split (n = {n}): of images with a probability of 50%, "
            "about {share} ({low}-{high}) show pneumonia. If probabilities are adjusted to the prevalence of this "
            "split ({prevalence}), the figure is about {adjusted}."
        ),
        "low": _(
            "Probabilities around 50% are too low on the test split (n = {n}): of images with a probability of 50%, "
            "about {share} ({low}-{high}) show pneumonia. If probabilities are adjusted to the prevalence of this "
            "split ({prevalence}), the figure is about {adjusted}."
        ),
        None: _(
            "Probabilities around 50% are neither clearly too high nor clearly too low on the test split (n = {n}): of "
            "images with a probability of 50%, about {share} ({low}-{high}) show pneumonia."
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
    """Explain when a verdict is indeterminate, and how often the true class is plausible on the test split.

    Args:
        conformal: Entry in model.json.
        test: Metrics on the test split.
    """
    low, high = sorted((conformal["pneumonia_from"], conformal["normal_up_to"]))
    coverage = test["conformal"]["coverage"]
    if conformal["pneumonia_from"] > conformal["normal_up_to"]:
        sentence = _(
            "A class is plausible if the probability is within its limit. Between probabilities of {low:.3f} and "
            "{high:.3f} (at the training prevalence) neither class is plausible: the result is indeterminate and "
            "should be referred to a radiologist. It is also indeterminate if the decision threshold contradicts the "
            "only plausible class. {rationale} On the test split, the true class is plausible for {normal} of normal "
            "images (n = {n_normal}) and for {pneumonia} of images with pneumonia (n = {n_pneumonia})."
        )
    else:
        sentence = _(
            "A class is plausible if the probability is within its limit. Between probabilities of {low:.3f} and "
            "{high:.3f} (at the training prevalence) both classes are plausible: the result is indeterminate and "
            "should be referred to a radiologist. It is also indeterminate if the decision threshold contradicts the "
            "only plausible class. {rationale} On the test split, the true class is plausible for {normal} of normal "
            "images (n = {n_normal}) and for {pneumonia} of images with pneumonia (n = {n_pneumonia})."
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


def conformal_table(metrics: ReleaseMetrics, population: Population, point: str) -> list[dict[str, str]]:
    """Tabulate, per set and class, how often the true class is plausible and how often the verdict is indeterminate."""
    return [
        {
            _("Images"): name,
            _("Class"): term(label),
            _("True class plausible"): format_estimate(measured["conformal"]["coverage"][label]),
            _("Indeterminate"): format_estimate(measured["conformal"]["indeterminate"][point][label]),
            _("n"): str(measured["conformal"]["coverage"][label]["n"]),
        }
        for name, measured in measured_sets(metrics, population).items()
        for label in LABELS
    ]


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
