"""How well probabilities tell the classes apart, with 95 % intervals that respect patients.

Pictures of one patient resemble each other, so intervals come from drawing patients, not pictures, with replacement
(the cluster bootstrap; Efron and Tibshirani 1993, chapter 8). Where a rate is 0 or 1 on all pictures, every such draw
gives the same value: the interval's far end is then the rule of three over the patients that the rate is over, for
sensitivity those with pneumonia (Hanley and Lippman-Hand 1983).
"""

from dataclasses import dataclass

import numpy as np

DRAWS = 2000
SEED = 20180222  # any fixed number: the same data give the same interval


@dataclass(frozen=True, eq=False)
class Scores:
    """What a reader said of a set of pictures, all arrays of one length.

    target: 1 pneumonia, 0 normal; probability: 0-1; patient: any labels that tell patients apart.
    """

    target: np.ndarray
    probability: np.ndarray
    patient: np.ndarray


def measure(scores: Scores, threshold: float) -> dict:
    """AUC and the rates at a threshold, each with its 95 % interval, counts and confusion matrix.

    Returns:
        {"n", "patients", "positives", "threshold", "confusion": {"tp", "fn", "fp", "tn"}, and per metric
        {"value", "low", "high"}}; a metric that is not defined (precision without alarms) has null.
    """
    weights = patient_draws(scores.patient)
    ones = np.ones((1, len(scores.target)))
    predicted = scores.probability >= threshold
    values, drawn = _rates(scores.target, predicted, ones), _rates(scores.target, predicted, weights)
    values["auc"] = _auc(scores, ones)
    drawn["auc"] = _auc(scores, weights)
    counts = {name: int(value[0]) for name, value in _confusion(scores.target, predicted, ones).items()}
    judged = {"sensitivity": scores.target == 1, "specificity": scores.target == 0, "precision": predicted}
    patients = {name: _patients(scores.patient[judged.get(name, slice(None))]) for name in values}
    return {
        "n": len(scores.target),
        "patients": _patients(scores.patient),
        "positives": int(scores.target.sum()),
        "threshold": float(threshold),
        "confusion": counts,
        **{name: _interval(float(values[name][0]), drawn[name], patients[name]) for name in values},
    }


def patient_draws(patient: np.ndarray, draws: int = DRAWS) -> np.ndarray:
    """How often each picture counts in each draw of patients: int (draws, pictures)."""
    _, member = np.unique(patient, return_inverse=True)
    count = member.max() + 1
    rng = np.random.default_rng(SEED)
    times = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    return times[:, member]


def youden_threshold(scores: Scores) -> float:
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
    below, above = probability[best], probability[best + 1]
    return float(max((below + above) / 2, np.nextafter(below, above)))  # the middle of neighbours may round down


def _patients(patient: np.ndarray) -> int:
    return len(np.unique(patient))


def _confusion(target: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "tp": weights @ (predicted & (target == 1)),
        "fn": weights @ (~predicted & (target == 1)),
        "fp": weights @ (predicted & (target == 0)),
        "tn": weights @ (~predicted & (target == 0)),
    }


def _rates(target: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    c = _confusion(target, predicted, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": (c["tp"] + c["tn"]) / weights.sum(axis=1),
            "sensitivity": c["tp"] / (c["tp"] + c["fn"]),
            "specificity": c["tn"] / (c["tn"] + c["fp"]),
            "precision": c["tp"] / (c["tp"] + c["fp"]),
            "f1": 2 * c["tp"] / (2 * c["tp"] + c["fp"] + c["fn"]),
        }


def _auc(scores: Scores, weights: np.ndarray) -> np.ndarray:
    """How often a positive picture outranks a negative one, ties half, per row of weights: the area under the ROC."""
    order = np.argsort(scores.probability, kind="stable")
    first_of_value = np.flatnonzero(np.diff(scores.probability[order], prepend=-1))
    target, weights = scores.target[order], weights[:, order]
    positive = np.add.reduceat(weights * target, first_of_value, axis=1)
    negative = np.add.reduceat(weights * (1 - target), first_of_value, axis=1)
    outranked = np.cumsum(negative, axis=1) - negative / 2
    with np.errstate(invalid="ignore"):  # a draw with one class has none
        return (positive * outranked).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))


def _interval(value: float, drawn: np.ndarray, patients: int) -> dict[str, float | None]:
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(drawn):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(drawn, [0.025, 0.975])
    if value == 1 == low:
        low = max(0.0, 1 - 3 / patients)
    if value == 0 == high:
        high = min(1.0, 3 / patients)
    return {"value": value, "low": float(low), "high": float(high)}
