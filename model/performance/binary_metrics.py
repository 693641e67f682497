"""Metrics of a binary classifier with 95% confidence intervals that allow for several images of a patient.

Images of one patient resemble each other, so the bootstrap resamples patients, not images (cluster bootstrap; Efron
and Tibshirani 1993, chapter 8). If a rate is exactly 0 or 1, every draw has the same value. The other limit of the
interval then comes from the rule of three (Hanley and Lippman-Hand 1983), applied to the patients in the denominator
(for sensitivity, those with pneumonia).
"""

from dataclasses import dataclass

import numpy as np

from model.performance.schema import CountedEstimate, Estimate, PredictiveValues, Ranking, Rates

BOOTSTRAP_DRAWS = 2000
BOOTSTRAP_SEED = 20180222  # fixed, so the same data give the same interval


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of a classifier on n images; all arrays have the shape (n,).

    Attributes:
        target: 1 for pneumonia, 0 for normal.
        probability: Predicted probability of pneumonia, 0-1.
        patient: Identifier of the patient in each image, of any type.
    """

    target: np.ndarray
    probability: np.ndarray
    patient: np.ndarray


def auc_with_ci(predictions: Predictions) -> Ranking:
    """Measure the area under the ROC curve; the estimate has the values None if a class is absent."""
    auc = _auc(predictions, np.ones((1, len(predictions.target))))
    draws = _auc(predictions, patient_bootstrap_weights(predictions.patient))
    patients = _count_patients(predictions.patient)
    return {
        "n": len(predictions.target),
        "patients": patients,
        "positives": int(predictions.target.sum()),
        "auc": percentile_interval(float(auc[0]), draws, patients),
    }


def rates_with_ci(predictions: Predictions, threshold: float) -> Rates:
    """Measure the rates and the confusion matrix at a threshold.

    Args:
        predictions: Predictions of the classifier.
        threshold: Probability at or above which an image counts as pneumonia.

    Returns:
        Rates; the values of a rate that is not defined, such as precision without alarms, are None.
    """
    target, alarm = predictions.target, predictions.probability >= threshold
    confusion = _confusion(target, alarm, np.ones((1, len(alarm))))
    values, draws = _rates(confusion), _rates(_confusion(target, alarm, patient_bootstrap_weights(predictions.patient)))
    denominators = {"sensitivity": target == 1, "specificity": target == 0, "precision": alarm}

    def estimate(name: str) -> Estimate:
        images = denominators.get(name, slice(None))
        return percentile_interval(float(values[name][0]), draws[name], _count_patients(predictions.patient[images]))

    return {
        "threshold": float(threshold),
        "confusion": {
            "tp": int(confusion["tp"][0]),
            "fn": int(confusion["fn"][0]),
            "fp": int(confusion["fp"][0]),
            "tn": int(confusion["tn"][0]),
        },
        "accuracy": estimate("accuracy"),
        "sensitivity": estimate("sensitivity"),
        "specificity": estimate("specificity"),
        "precision": estimate("precision"),
        "f1": estimate("f1"),
    }


def mean_with_ci(values: np.ndarray, patient: np.ndarray) -> CountedEstimate:
    """Measure the mean of a value, such as a share, over images.

    Args:
        values: bool, or float 0-1, of shape (n,).
        patient: Patient of each image, of shape (n,).
    """
    if not len(values):
        return {"n": 0, "value": None, "low": None, "high": None}
    weights = patient_bootstrap_weights(patient)
    draws = weights @ values / weights.sum(axis=1)
    return {"n": len(values), **percentile_interval(float(values.mean()), draws, _count_patients(patient))}


def predictive_values(predictions: Predictions, threshold: float, prevalence: float) -> PredictiveValues:
    """Measure the positive and negative predictive value at a prevalence (Bayes).

    Sensitivity and specificity come from the images; the share of patients with pneumonia is the given prevalence.

    Args:
        predictions: Predictions of the classifier.
        threshold: Probability at or above which an image counts as pneumonia.
        prevalence: Share of the patients who have pneumonia, 0-1.
    """
    alarm = predictions.probability >= threshold
    weights = np.vstack([np.ones(len(alarm)), patient_bootstrap_weights(predictions.patient)])
    rates = _rates(_confusion(predictions.target, alarm, weights))
    sensitivity, specificity = rates["sensitivity"], rates["specificity"]
    with np.errstate(invalid="ignore", divide="ignore"):
        tp, fp = prevalence * sensitivity, (1 - prevalence) * (1 - specificity)
        tn, fn = (1 - prevalence) * specificity, prevalence * (1 - sensitivity)
        ppv, npv = tp / (tp + fp), tn / (tn + fn)
    patient = predictions.patient
    return {
        "ppv": percentile_interval(float(ppv[0]), ppv[1:], _count_patients(patient[alarm])),
        "npv": percentile_interval(float(npv[0]), npv[1:], _count_patients(patient[~alarm])),
    }


def patient_bootstrap_weights(patient: np.ndarray, draws: int = BOOTSTRAP_DRAWS) -> np.ndarray:
    """Resample patients with replacement.

    Args:
        patient: Patient of each image, of shape (n,).
        draws: Number of draws.

    Returns:
        Number of times that each image counts in each draw: int (draws, n).
    """
    _, patient_index = np.unique(patient, return_inverse=True)
    n_patients = patient_index.max() + 1
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    times_drawn = rng.multinomial(n_patients, np.full(n_patients, 1 / n_patients), size=draws)
    return times_drawn[:, patient_index]


def youden_threshold(predictions: Predictions) -> float:
    """Return the threshold with the largest sensitivity + specificity - 1 (Youden 1950).

    The threshold is the midpoint between two neighbouring probabilities. Any value between them gives the same index on
    these images; the midpoint is the safest choice for other images.
    """
    order = np.argsort(predictions.probability, kind="stable")
    probability, target = predictions.probability[order], predictions.target[order]
    miss_rate = np.cumsum(target) / target.sum()
    specificity = np.cumsum(1 - target) / (1 - target).sum()
    youden_index = specificity - miss_rate
    gaps = np.flatnonzero(np.diff(probability) > 0)
    if not gaps.size:  # all probabilities are equal, so there is only one threshold
        return float(probability[0])
    best = gaps[np.argmax(youden_index[gaps])]
    return midpoint(probability[best], probability[best + 1])


def midpoint(below: float, above: float) -> float:
    """Return the midpoint of two probabilities, or the next number above the lower one if it rounds down to that."""
    return float(max((below + above) / 2, np.nextafter(below, above)))


def percentile_interval(value: float, draws: np.ndarray, patients: int) -> Estimate:
    """Return a value with the central 95% of its bootstrap draws.

    Args:
        value: Value on all images.
        draws: Value in each draw. Values that are not finite are left out.
        patients: Number of patients that the value refers to, for the rule of three at 0 and 1.

    Returns:
        Estimate; its values are None if `value` is not finite or no draw is finite.
    """
    draws = draws[np.isfinite(draws)]
    if not np.isfinite(value) or not len(draws):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(draws, [0.025, 0.975])
    if value == 1 == low:
        low = max(0.0, 1 - 3 / patients)
    if value == 0 == high:
        high = min(1.0, 3 / patients)
    return {"value": value, "low": float(low), "high": float(high)}


def _count_patients(patient: np.ndarray) -> int:
    return len(np.unique(patient))


def _confusion(target: np.ndarray, alarm: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Count the four cells of the confusion matrix for each row of weights."""
    return {
        "tp": weights @ (alarm & (target == 1)),
        "fn": weights @ (~alarm & (target == 1)),
        "fp": weights @ (alarm & (target == 0)),
        "tn": weights @ (~alarm & (target == 0)),
    }


def _rates(confusion: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Compute the rates of each confusion matrix; a rate whose denominator is 0 is not finite."""
    tp, fn, fp, tn = (confusion[name] for name in ("tp", "fn", "fp", "tn"))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": (tp + tn) / (tp + fn + fp + tn),
            "sensitivity": tp / (tp + fn),
            "specificity": tn / (tn + fp),
            "precision": tp / (tp + fp),
            "f1": 2 * tp / (2 * tp + fp + fn),
        }


def _auc(predictions: Predictions, weights: np.ndarray) -> np.ndarray:
    """Compute the AUC for each row of weights.

    The AUC is the share of pairs in which the positive image ranks above the negative one; a tie counts half.
    """
    order = np.argsort(predictions.probability, kind="stable")
    first_of_value = np.flatnonzero(np.diff(predictions.probability[order], prepend=-1))
    target, weights = predictions.target[order], weights[:, order]
    positives = np.add.reduceat(weights * target, first_of_value, axis=1)
    negatives = np.add.reduceat(weights * (1 - target), first_of_value, axis=1)
    outranked = np.cumsum(negatives, axis=1) - negatives / 2
    with np.errstate(invalid="ignore"):  # a draw that contains only one class has no AUC
        auc: np.ndarray = (positives * outranked).sum(axis=1) / (positives.sum(axis=1) * negatives.sum(axis=1))
    return auc
