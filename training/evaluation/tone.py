"""Robustness to brightness and contrast: how often the verdict on an image changes with its tone.

The files of one radiograph can differ in tone: another exposure, another display curve, another window. The changes are
wider than those under which the operating points were chosen (`training.evaluation.robustness`).
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import Classifier
from model.inference.decision import DecisionRules
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import ToneMetrics
from training.data.loading import load_images

ToneChange = Callable[[np.ndarray], np.ndarray]

GAINS, OFFSETS, GAMMAS = (0.5, 0.75, 1.25, 1.5), (-40, 40), (0.6, 0.8, 1.25, 1.6)
WINDOWS = ((2048, 2800), (2048, 5600), (1600, 3300), (2500, 3300))  # centre and width, in 12-bit grey levels
MAX_12_BIT = 4095


def tone_changes() -> dict[str, ToneChange]:
    """Return changes of brightness and contrast by name; each maps grey levels, float 0-255, and does not clip them."""
    changes: dict[str, ToneChange] = {}
    changes |= {f"gain {gain}": partial(np.multiply, gain) for gain in GAINS}
    changes |= {f"offset {offset}": partial(np.add, offset) for offset in OFFSETS}
    changes |= {f"gamma {gamma}": partial(_apply_gamma, gamma) for gamma in GAMMAS}
    return changes | {
        f"12-bit window {centre}/{width}": partial(_apply_window, centre, width) for centre, width in WINDOWS
    }


def changed_tone(images: np.ndarray, change: ToneChange) -> np.ndarray:
    """Return images after a change, clipped: uint8, of the same shape.

    Args:
        images: uint8, 0-255.
        change: One of `tone_changes`.
    """
    return np.clip(change(images.astype(np.float32)), 0, 255).astype(np.uint8)


def measure_tone(
    classifier: Classifier, rules: DecisionRules, records: Sequence[LabelledImage], decoder: ImageDecoder = decode_image
) -> ToneMetrics:
    """Measure how often the verdict changes with the tone.

    A verdict changes if the probability crosses the default operating point. An indeterminate verdict counts by its
    side of the threshold.

    Args:
        classifier: Classifier to measure.
        rules: Decision rules of the patients.
        records: Images.
        decoder: Decodes the images.
    """
    images = load_images(records, WORKING_SIDE, "tone: images", decoder)[..., 0]
    patient = np.array([record.patient for record in records])
    unchanged = _alarms(classifier, rules, images)
    changed = {
        name: _alarms(classifier, rules, changed_tone(images, change)) != unchanged
        for name, change in tqdm(tone_changes().items(), "tone: changes", unit="change", disable=None)
    }
    return {
        "verdicts_changed": mean_with_ci(np.mean(list(changed.values()), axis=0), patient),
        "changes": {name: mean_with_ci(values, patient) for name, values in changed.items()},
    }


def _alarms(classifier: Classifier, rules: DecisionRules, images: np.ndarray) -> np.ndarray:
    """Return whether the probability of each image, uint8, is at or above the default threshold."""
    logits = [classifier.infer_working(image.astype(np.float32)).output.logit for image in images]
    alarms: np.ndarray = rules.calibration.probability(np.array(logits)) >= rules.operating_point().threshold
    return alarms


def _apply_gamma(gamma: float, grey: np.ndarray) -> np.ndarray:
    result: np.ndarray = 255 * (grey / 255) ** gamma
    return result


def _apply_window(centre: float, width: float, grey: np.ndarray) -> np.ndarray:
    """Apply a linear window to the grey levels of a 12-bit file (DICOM PS3.3, C.11.2.1.2.1)."""
    stored = grey * (MAX_12_BIT / 255)
    result: np.ndarray = 255 * ((stored - (centre - 0.5)) / (width - 1) + 0.5)
    return result
