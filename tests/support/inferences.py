"""Inferences on synthetic images and lung maps, without a network."""

import numpy as np

from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import ClassifierOutput, Inference
from model.inference.lung_segmentation import lungs_from_probability


def make_inference(
    working: np.ndarray | None = None, probability: np.ndarray | None = None, embedding: np.ndarray | None = None
) -> Inference:
    """Return an inference, by default on a grey image with two lung fields."""
    working = np.full((WORKING_SIDE, WORKING_SIDE), 100, np.float32) if working is None else working
    probability = two_fields() if probability is None else probability
    embedding = np.arange(10, dtype=np.float32) if embedding is None else embedding
    output = ClassifierOutput(0.0, np.zeros((2, 2), np.float32), embedding)
    return Inference(working, probability, lungs_from_probability(probability), output)


def two_fields(side: int = 40) -> np.ndarray:
    """Return two lung fields: 10% of the image on the left and, a quarter of the height lower, 5% on the right."""
    fields = np.zeros((side, side), np.float32)
    fields[4:20, 6:16] = 1
    fields[18:26, 24:34] = 1
    return fields


def halves(left: float, right: float) -> np.ndarray:
    """Return a working image with one grey value on the left and another on the right."""
    working = np.full((WORKING_SIDE, WORKING_SIDE), left, np.float32)
    working[:, WORKING_SIDE // 2 :] = right
    return working


def noise(seed: int, low: float = 0, high: float = 255) -> np.ndarray:
    """Return a working image of uniform noise."""
    return np.random.default_rng(seed).uniform(low, high, (WORKING_SIDE, WORKING_SIDE)).astype(np.float32)
