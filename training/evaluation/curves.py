"""ROC and precision-recall curves."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

from model.performance.release_data import predictions_of


def curves(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the points of the ROC and precision-recall curves of each population and split.

    Args:
        predictions: Rows of predictions.csv.

    Returns:
        Rows of curves.csv: split, curve, threshold, x, y and population. ROC: x is 1 - specificity, y is sensitivity.
        Precision-recall: x is recall, y is precision.
    """
    tables = []
    for (population, name), rows in predictions.groupby(["population", "split"], sort=False):
        of_split = predictions_of(rows)
        false_positive_rate, true_positive_rate, thresholds = roc_curve(of_split.target, of_split.probability)
        precision, recall, limits = precision_recall_curve(
            of_split.target, of_split.probability, drop_intermediate=True
        )
        both = (
            _curve(str(name), "roc", false_positive_rate, true_positive_rate, thresholds),
            _curve(str(name), "precision_recall", recall, precision, np.append(limits, np.inf)),
        )
        tables += [curve.assign(population=population) for curve in both]
    return pd.concat(tables, ignore_index=True)


def _curve(split_name: str, kind: str, x: np.ndarray, y: np.ndarray, thresholds: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"split": split_name, "curve": kind, "threshold": thresholds, "x": x, "y": y})
