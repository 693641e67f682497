"""Scores made by hand or by hypothesis, and what tests ask of figures."""

import numpy as np
from hypothesis import strategies as st

from model.performance.binary_metrics import Predictions

UNDEFINED = {"value": None, "low": None, "high": None}


def predictions(target, probability, patient=None) -> Predictions:
    patient = range(len(target)) if patient is None else patient
    return Predictions(np.array(target), np.array(probability, float), np.array([str(one) for one in patient]))


def width(metric: dict) -> float:
    return metric["high"] - metric["low"]


TWENTIETHS = st.integers(0, 20).map(lambda n: n / 20)


@st.composite
def arbitrary_predictions(draw, probability=TWENTIETHS):
    """Both classes, ties, and patients of several pictures."""
    n = draw(st.integers(2, 40))
    target = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda t: 0 < sum(t) < len(t)))
    probabilities = draw(st.lists(probability, min_size=n, max_size=n))
    patients = draw(st.lists(st.integers(0, n), min_size=n, max_size=n))
    return predictions(target, probabilities, patients)
