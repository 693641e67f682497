"""Tables of how well a release does, from its metrics.json, the same on the page and in the card."""

from typing import Any

from model.performance.formatting import format_estimate

SET_NAMES = {
    "test": "official test split",
    "validation": "validation",
    "stress_validation": "validation under shifts",
    "adults": "adults",
}
RATE_NAMES = {"sensitivity": "Sensitivity", "specificity": "Specificity", "precision": "PPV", "accuracy": "Accuracy"}


def measured_sets(metrics: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The measured sets by the words they are called by, in the order in which they are shown."""
    found = metrics["splits"] | {name: metrics[name] for name in ("stress_validation", "adults") if metrics.get(name)}
    return {words: found[name] for name, words in SET_NAMES.items() if name in found}


def operating_point_table(measured: dict[str, Any]) -> list[dict[str, str]]:
    """A row per operating point: rates and errors in one set."""
    return [
        {
            "Operating point": name,
            "Threshold": f"{at['threshold']:.3f}",
            **{words: format_estimate(at[rate]) for rate, words in RATE_NAMES.items()},
            "Missed": f"{at['confusion']['fn']} of {at['confusion']['fn'] + at['confusion']['tp']}",
            "False alarms": f"{at['confusion']['fp']} of {at['confusion']['fp'] + at['confusion']['tn']}",
        }
        for name, at in measured["operating_points"].items()
    ]


def report_table(confusion: dict[str, int]) -> list[dict[str, Any]]:
    """The classification report: precision, recall, F1 and pictures of each class."""
    tp, fn, fp, tn = (confusion[name] for name in ("tp", "fn", "fp", "tn"))
    classes = {"NORMAL": (tn, fn, fp), "PNEUMONIA": (tp, fp, fn)}  # right, wrongly called it, wrongly called other
    return [
        {
            "Class": label,
            "Precision": _share(right, right + called),
            "Recall": _share(right, right + missed),
            "F1": _share(2 * right, 2 * right + called + missed),
            "Pictures": right + missed,
        }
        for label, (right, called, missed) in classes.items()
    ]


def sensitivity_by_cause_table(measured: dict[str, Any], point: str) -> list[dict[str, Any]]:
    """Sensitivity by cause at an operating point: in words, and Share with its Low and High."""
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


def calibration_table(metrics: dict[str, Any]) -> list[dict[str, str]]:
    """How far probabilities can be taken at their word, two rows per set: as stated, and at the set's prevalence."""
    rows = []
    for words, measured in measured_sets(metrics).items():
        of = measured["calibration"]
        for corrected, figures in (("no", of["as_stated"]), ("yes", of["at_this_prevalence"])):
            if figures is not None:
                rows.append(
                    {
                        "Pictures": words,
                        "Prevalence there": f"{of['prevalence']:.0%}",
                        "Corrected for it": corrected,
                        "ECE": format_estimate(figures["ece"]),
                        "Brier score": format_estimate(figures["brier"]),
                        "Slope (1 is right)": format_estimate(figures["slope"]),
                        "Intercept (0 is right)": format_estimate(figures["intercept"]),
                    }
                )
    return rows


def conformal_sentence(conformal: dict[str, Any]) -> str:
    """When a verdict is indeterminate, from model.json."""
    low, high = sorted((conformal["least_pneumonia"], conformal["most_normal"]))
    return (
        f"Between a probability of {low:.3f} and {high:.3f} (at the training prevalence) the reader says "
        "INDETERMINATE, refer to a radiologist: there not exactly one class is plausible. So it does where the "
        f"operating point contradicts the plausible class. {conformal['chosen']} On other people's films the share may "
        "be smaller."
    )


def conformal_table(metrics: dict[str, Any], point: str) -> list[dict[str, str]]:
    """How often the true class is plausible, and how often the verdict is indeterminate, per set and class."""
    return [
        {
            "Pictures": words,
            "Class": label,
            "True class plausible": format_estimate(measured["conformal"]["coverage"][label]),
            "Indeterminate": format_estimate(measured["conformal"]["indeterminate"][point][label]),
            "n": str(measured["conformal"]["coverage"][label]["n"]),
        }
        for words, measured in measured_sets(metrics).items()
        for label in ("NORMAL", "PNEUMONIA")
    ]


def external_table(adults: dict[str, Any] | None, point: str) -> list[dict[str, str]]:
    """The reader on films of adults: all, then by age, sex and view."""
    if adults is None:
        return []
    groups = {"all": adults} | {name: one for of in adults["groups"].values() for name, one in of.items()}
    return [
        {
            "Group": _GROUPS.get(name, name),
            "AUC": format_estimate(one["auc"]),
            "Sensitivity": format_estimate(one["operating_points"][point]["sensitivity"]),
            "Specificity": format_estimate(one["operating_points"][point]["specificity"]),
            "Films": str(one["n"]),
            "With pneumonia": str(one["positives"]),
        }
        for name, one in groups.items()
    ]


def adults_sentence(adults: dict[str, Any] | None, point: str) -> str:
    """How the reader fares outside its population, for a clinician."""
    if adults is None:
        return "Outside its population it was not measured. It is not for adults."
    auc, at = adults["auc"], adults["operating_points"][point]
    return (
        f"Not for adults: on {adults['n']} films of mostly adult patients elsewhere, with labels mined from reports, "
        f"AUC is {format_estimate(auc)}; it misses {_of_ten(1 - at['sensitivity']['value'])} of 10 with pneumonia and "
        f"raises a false alarm in {_of_ten(1 - at['specificity']['value'])} of 10 without."
    )


def similar_cases_sentence(neighbours: dict[str, Any]) -> str:
    """How alike the nearest training pictures are to those of the test split."""
    by_class = " and ".join(f"{format_estimate(of)} for {label}" for label, of in neighbours["by_class"].items())
    return (
        f"Of the {neighbours['count']} training pictures nearest to each of {neighbours['same_class']['n']} test "
        f"pictures, the share of its class is {format_estimate(neighbours['same_class'])}: {by_class}; of its cause "
        f"{format_estimate(neighbours['same_cause'])}. Nearest is what the reader itself sees as alike, so similar cases "
        "tend to agree with it, also where it is wrong."
    )


def sample_sentence(measured: dict[str, Any]) -> str:
    """Which pictures the figures are of."""
    return (
        f"{measured['n']} films of {measured['patients']} children, {measured['positives']} of the films with pneumonia"
    )


def rates_sentence(measured: dict[str, Any], point: str) -> str:
    """Sensitivity and specificity at an operating point, with how many films each is over."""
    at, ill = measured["operating_points"][point], measured["positives"]
    return (
        f"sensitivity {format_estimate(at['sensitivity'])} on {ill} films with pneumonia, specificity "
        f"{format_estimate(at['specificity'])} on {measured['n'] - ill} without"
    )


_GROUPS = {"F": "women", "M": "men", "AP": "AP (from the front)", "PA": "PA (from behind)"}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _of_ten(share: float) -> str:
    return f"about {round(10 * share)}" if 0.05 < share < 0.95 else ("almost none" if share < 0.5 else "almost all")
