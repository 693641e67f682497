"""Do pictures of a stated probability have pneumonia as often as it says?"""

import numpy as np
import pandas as pd

from model.performance.binary_metrics import Predictions, mean_with_ci

RELIABILITY_BINS = 15


def equal_mass_bins(probability: np.ndarray, bins: int = RELIABILITY_BINS) -> np.ndarray:
    """The bin, 0 to bins - 1, of each probability, so that each bin holds as many pictures as any other, or one more.

    Of equal mass because with equal widths nearly all pictures of a sure reader share the two outermost bins.
    """
    rank = np.empty(len(probability), int)
    rank[np.argsort(probability, kind="stable")] = np.arange(len(probability))
    return rank * bins // len(probability)


def reliability_diagram(scores: Predictions, bins: int = RELIABILITY_BINS) -> pd.DataFrame:
    """A row per bin: mean probability, share of pneumonia with its 95 % interval (by patient), and pictures.

    Columns: probability, share, low, high, n.
    """
    rows = []
    bin_of = equal_mass_bins(scores.probability, bins)
    for one in np.unique(bin_of):
        of = bin_of == one
        measured = mean_with_ci(scores.target[of] == 1, scores.patient[of])
        rows.append(
            {
                "probability": scores.probability[of].mean(),
                "share": measured["value"],
                "low": measured["low"],
                "high": measured["high"],
                "n": measured["n"],
            }
        )
    return pd.DataFrame(rows)
