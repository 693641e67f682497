"""Reliability diagram: observed share of pneumonia against predicted probability."""

import numpy as np
import pandas as pd

from model.performance.binary_metrics import Predictions, mean_with_ci

RELIABILITY_BINS = 15


def equal_mass_bins(probability: np.ndarray, bins: int = RELIABILITY_BINS) -> np.ndarray:
    """Assign probabilities to bins of equal size (the sizes differ by at most one image).

    With bins of equal width, a confident classifier would have nearly all images in the two outermost bins.

    Args:
        probability: Probabilities, 0-1, of shape (n,).
        bins: Number of bins.

    Returns:
        Bin of each image, 0 to bins - 1: int (n,).
    """
    rank = np.empty(len(probability), int)
    rank[np.argsort(probability, kind="stable")] = np.arange(len(probability))
    return rank * bins // len(probability)


def reliability_diagram(predictions: Predictions, bins: int = RELIABILITY_BINS) -> pd.DataFrame:
    """Compare the predicted probability with the share of pneumonia in bins of equal mass.

    Returns:
        One row per bin: probability (mean), share (of images with pneumonia), low and high (95% interval of the
        share, by patient), n (images).
    """
    rows = []
    bin_of_image = equal_mass_bins(predictions.probability, bins)
    for bin_number in np.unique(bin_of_image):
        members = bin_of_image == bin_number
        measured = mean_with_ci(predictions.target[members] == 1, predictions.patient[members])
        rows.append(
            {
                "probability": predictions.probability[members].mean(),
                "share": measured["value"],
                "low": measured["low"],
                "high": measured["high"],
                "n": measured["n"],
            }
        )
    return pd.DataFrame(rows)
