"""How well probabilities tell the classes apart, with 95 % intervals that respect patients.

Pictures of one patient resemble each other, so intervals come from drawing patients, not pictures, with replacement
(the cluster bootstrap; Efron and Tibshirani 1993, chapter 8). Where a rate is 0 or 1 on all pictures, every such draw
gives the same value: the interval's far end is then the rule of three over the patients that the rate is over, for
sensitivity those with pneumonia (Hanley and Lippman-Hand 1983).
"""

from dataclasses import dataclass

import numpy as np

BOOTSTRAP_DRAWS = 2000
BOOTSTRAP_SEED = 20180222  # any fixed number: the same data give the same interval


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a reader said of a set of pictures, all arrays of one length.

    target: 1 pneumonia, 0 normal; probability: 0-1; patient: any labels that tell patients apart.
    """

    target: np.ndarray
    probability: np.ndarray
    patient: np.ndarray


def auc_with_ci(scores: Predictions) -> dict:
    """How well the probabilities rank the pictures, whatever the threshold.

    Returns:
        {"n", "patients", "positives", "auc": {"value", "low", "high"}}, values null where a class is absent.
    """
    auc, drawn = _auc(scores, np.ones((1, len(scores.target)))), _auc(scores, patient_bootstrap_weights(scores.patient))
    patients = _count_patients(scores.patient)
    return {
        "n": len(scores.target),
        "patients": patients,
        "positives": int(scores.target.sum()),
        "auc": percentile_interval(float(auc[0]), drawn, patients),
    }


def rates_with_ci(scores: Predictions, threshold: float) -> dict:
    """The rates at a threshold, each with its 95 % interval, and the confusion matrix.

    Returns:
        {"threshold", "confusion": {"tp", "fn", "fp", "tn"}, and per rate {"value", "low", "high"}}; a rate that is not
        defined (precision without alarms) has null.
    """
    predicted = scores.probability >= threshold
    confusion = _confusion(scores.target, predicted, np.ones((1, len(predicted))))
    values = _rates(confusion)
    drawn = _rates(_confusion(scores.target, predicted, patient_bootstrap_weights(scores.patient)))
    judged = {"sensitivity": scores.target == 1, "specificity": scores.target == 0, "precision": predicted}
    patients = {name: _count_patients(scores.patient[judged.get(name, slice(None))]) for name in values}
    return {
        "threshold": float(threshold),
        "confusion": {name: int(count[0]) for name, count in confusion.items()},
        **{name: percentile_interval(float(values[name][0]), drawn[name], patients[name]) for name in values},
    }


def mean_with_ci(of: np.ndarray, patient: np.ndarray) -> dict:
    """The mean over pictures of a share, bool or 0-1 (n,), with its 95 % interval, and how many there are."""
    if not len(of):
        return {"n": 0, "value": None, "low": None, "high": None}
    weights = patient_bootstrap_weights(patient)
    drawn = weights @ of / weights.sum(axis=1)
    return {"n": len(of), **percentile_interval(float(of.mean()), drawn, _count_patients(patient))}


def predictive_values(scores: Predictions, threshold: float, prevalence: float) -> dict:
    """Among how many of a prevalence an alarm, or its absence, is right: {"ppv", "npv"}, each with its interval.

    Sensitivity and specificity are those of the pictures; the mix of ill and healthy is that of the prevalence (Bayes).
    """
    predicted = scores.probability >= threshold
    weights = np.vstack([np.ones(len(predicted)), patient_bootstrap_weights(scores.patient)])
    rates = _rates(_confusion(scores.target, predicted, weights))
    sensitivity, specificity = rates["sensitivity"], rates["specificity"]
    alarm, none = predicted, ~predicted
    with np.errstate(invalid="ignore", divide="ignore"):
        true_alarm, false_alarm = prevalence * sensitivity, (1 - prevalence) * (1 - specificity)
        spared, missed = (1 - prevalence) * specificity, prevalence * (1 - sensitivity)
        values = {"ppv": true_alarm / (true_alarm + false_alarm), "npv": spared / (spared + missed)}
    patients = {"ppv": _count_patients(scores.patient[alarm]), "npv": _count_patients(scores.patient[none])}
    return {name: percentile_interval(float(value[0]), value[1:], patients[name]) for name, value in values.items()}


def patient_bootstrap_weights(patient: np.ndarray, draws: int = BOOTSTRAP_DRAWS) -> np.ndarray:
    """How often each picture counts in each draw of patients: int (draws, pictures)."""
    _, member = np.unique(patient, return_inverse=True)
    count = member.max() + 1
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    times = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    return times[:, member]


def youden_threshold(scores: Predictions) -> float:
    """The threshold of the largest sensitivity + specificity - 1 (Youden 1950).

    Between the two probabilities that bound it the threshold stands in the middle: any place there gives the same
    index on these pictures, and the middle is the least likely to be wrong on others.
    """
    order = np.argsort(scores.probability, kind="stable")
    probability, target = scores.probability[order], scores.target[order]
    missed = np.cumsum(target) / target.sum()
    spared = np.cumsum(1 - target) / (1 - target).sum()
    index = spared - missed
    cuts = np.flatnonzero(np.diff(probability) > 0)
    if not cuts.size:  # all probabilities are equal: there is nothing to choose between
        return float(probability[0])
    best = cuts[np.argmax(index[cuts])]
    return midpoint(probability[best], probability[best + 1])


def midpoint(below: float, above: float) -> float:
    """The middle of two probabilities, above the lower one even where the middle of neighbours rounds down."""
    return float(max((below + above) / 2, np.nextafter(below, above)))


def percentile_interval(value: float, drawn: np.ndarray, patients: int) -> dict[str, float | None]:
    """A value and the 95 % of its bootstrap draws, {"value", "low", "high"}; all null where it is not defined.

    patients: over which the value is, for the rule of three at 0 and 1.
    """
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(drawn):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(drawn, [0.025, 0.975])
    if value == 1 == low:
        low = max(0.0, 1 - 3 / patients)
    if value == 0 == high:
        high = min(1.0, 3 / patients)
    return {"value": value, "low": float(low), "high": float(high)}


def _count_patients(patient: np.ndarray) -> int:
    return len(np.unique(patient))


def _confusion(target: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "tp": weights @ (predicted & (target == 1)),
        "fn": weights @ (~predicted & (target == 1)),
        "fp": weights @ (predicted & (target == 0)),
        "tn": weights @ (~predicted & (target == 0)),
    }


def _rates(c: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": (c["tp"] + c["tn"]) / sum(c.values()),
            "sensitivity": c["tp"] / (c["tp"] + c["fn"]),
            "specificity": c["tn"] / (c["tn"] + c["fp"]),
            "precision": c["tp"] / (c["tp"] + c["fp"]),
            "f1": 2 * c["tp"] / (2 * c["tp"] + c["fp"] + c["fn"]),
        }


def _auc(scores: Predictions, weights: np.ndarray) -> np.ndarray:
    """How often a positive picture outranks a negative one, ties half, per row of weights: the area under the ROC."""
    order = np.argsort(scores.probability, kind="stable")
    first_of_value = np.flatnonzero(np.diff(scores.probability[order], prepend=-1))
    target, weights = scores.target[order], weights[:, order]
    positive = np.add.reduceat(weights * target, first_of_value, axis=1)
    negative = np.add.reduceat(weights * (1 - target), first_of_value, axis=1)
    outranked = np.cumsum(negative, axis=1) - negative / 2
    with np.errstate(invalid="ignore"):  # a draw with one class has none
        return (positive * outranked).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))
