"""Occlusion: change in the logit when random parts of the network input are masked.

Masked parts get the grey value of air: the 10th percentile of the network input. A medium grey would look like an
opacity.

Effects are measured on the logit. Near 0 and 1 the probability hardly changes when a part of the image is masked, so
the most certain findings would have no explanation. The occlusion map and the heat map are both in logits. A cell of
the heat map, however, contributes its value divided by the number of cells: the mean of all cells is the logit, up to a
constant.
"""

from collections.abc import Iterable

import numpy as np

from model.imaging.geometry import resize
from model.inference.classifier import Classifier
from model.inference.parallel import ordered_map

AIR_PERCENTILE = 10  # of the grey values of the network input
MASKS_PER_CELL = 4  # with 2, the maps of trained and random networks are much harder to distinguish
RIDGE_PENALTY = 1.0  # weight of the prior that a cell has no effect, needed for so few masks per cell
SEED = 0


def air_grey(network_input: np.ndarray) -> np.float32:
    """Return the grey value of air in a network input, float32 (1, side, side, 1), 0-255."""
    return np.float32(np.percentile(network_input, AIR_PERCENTILE))


def masked_logits(classifier: Classifier, network_input: np.ndarray, masks: Iterable[np.ndarray]) -> np.ndarray:
    """Return the logit for each mask, with air in the masked part of the network input.

    Args:
        classifier: Classifier whose pneumonia network is run.
        network_input: float32 (1, side, side, 1), 0-255.
        masks: bool (side, side) each, or float, 0-1, for soft edges.

    Returns:
        float (masks,).
    """
    difference_to_air = air_grey(network_input) - network_input

    def masked_logit(mask: np.ndarray) -> float:
        weight = mask.astype(np.float32)[np.newaxis, :, :, np.newaxis]
        return classifier.run_network(network_input + weight * difference_to_air).logit

    return np.array(list(ordered_map(masked_logit, masks)))


def occlusion_map(classifier: Classifier, network_input: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return how much each cell raises the logit when it is visible.

    Cells are masked at random (Petsiuk et al. 2018, RISE, section 3.1), and ridge regression of the logits on the
    visible cells gives the effect of each cell. A sliding window (Zeiler and Fergus 2014) would be simpler. But if
    disease is in many places, no single window matters: on the validation images, a sliding window did not distinguish
    a trained network from one with random weights.

    Args:
        classifier: Classifier whose pneumonia network is run.
        network_input: float32 (1, side, side, 1), 0-255.
        shape: Rows and columns of the result, the same as those of the heat map.

    Returns:
        float32 (rows, columns), in logits per cell; negative if the cell lowers the logit.
    """
    side, cells = network_input.shape[1], shape[0] * shape[1]
    is_masked = np.random.default_rng(SEED).random((MASKS_PER_CELL * cells, *shape)) < 0.5
    masks = (np.clip(resize(cell_mask.astype(np.float32), side, side), 0, 1) for cell_mask in is_masked)
    logits = masked_logits(classifier, network_input, masks)
    visible = ~is_masked.reshape(len(is_masked), cells) - 0.5
    visible -= visible.mean(axis=0)
    covariance = visible.T @ visible + RIDGE_PENALTY * np.eye(cells)
    effects = np.linalg.solve(covariance, visible.T @ (logits - logits.mean()))
    return effects.reshape(shape).astype(np.float32)


def top_fraction_mask(heat_map: np.ndarray, fraction: float, side: int) -> np.ndarray:
    """Return the part of the network input where a heat map is highest.

    Args:
        heat_map: float (rows, columns).
        fraction: Size of the part as a share of the network input, 0-1.
        side: Height and width of the network input.

    Returns:
        bool (side, side).
    """
    upsampled = resize(np.ascontiguousarray(heat_map, np.float32), side, side).ravel()
    mask = np.zeros(side * side, bool)
    mask[np.argsort(-upsampled, kind="stable")[: round(fraction * side * side)]] = True
    return mask.reshape(side, side)
