"""What the reader makes of a picture in which parts are painted over: occlusion by random coverings.

The paint is as dark as the darkest tenth of what is seen: air, in which there can be no opacity. A middle grey would be
one. Effects are on the logit and not on the probability, which near 0 and 1 no part of a picture moves, and which
would leave the surest findings without an explanation. So they are in the unit of the heat map: the mean of its cells
is the logit, up to a constant, so a cell adds its value divided by their number.
"""

from collections.abc import Iterable

import numpy as np

from model.imaging.geometry import resize
from model.inference.classifier import Classifier
from model.inference.parallel import ordered_map

AIR_PERCENTILE = 10  # percent of what is seen
MASKS_PER_CELL = 4  # for each cell of the map: with 2, a trained network is told from a random one far less often
RIDGE_PENALTY = (
    1.0  # coverings that say of each cell that it adds nothing: there are few of them to tell the cells apart by
)
SEED = 0


def air_grey(picture: np.ndarray) -> np.float32:
    """The grey of air in what is seen, float32 (1, side, side, 1), 0-255."""
    return np.float32(np.percentile(picture, AIR_PERCENTILE))


def masked_logits(classifier: Classifier, picture: np.ndarray, parts: Iterable[np.ndarray]) -> np.ndarray:
    """The logit of what is seen with air in place of each of the parts: float (parts,).

    Args:
        reader: whose network reads.
        picture: what it sees, float32 (1, side, side, 1), 0-255.
        parts: (side, side), bool, or float 0-1 for a part with soft edges.
    """
    towards_air = air_grey(picture) - picture

    def logit(part: np.ndarray) -> float:
        return classifier.classify(picture + part.astype(np.float32)[np.newaxis, :, :, np.newaxis] * towards_air).logit

    return np.array(list(ordered_map(logit, parts)))


def occlusion_map(classifier: Classifier, picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How much each cell adds to the logit when it is seen, on average over what else is covered; below 0: takes away.

    Each cell is covered or not by chance (Petsiuk et al. 2018, RISE, section 3.1), and what each adds is fitted to the
    logits by ridge regression. One window at a time (Zeiler and Fergus 2014) is the simpler way: where disease is in
    many places, it finds that none of them alone matters, and on validation it could not tell a trained network
    from a random one.

    Args:
        reader: whose network reads.
        picture: what it sees, float32 (1, side, side, 1), 0-255.
        shape: rows and columns of the map, those of the heat map.

    Returns:
        float32 (rows, columns), in logits a cell.
    """
    side, cells = picture.shape[1], shape[0] * shape[1]
    covered = np.random.default_rng(SEED).random((MASKS_PER_CELL * cells, *shape)) < 0.5
    parts = (np.clip(resize(one.astype(np.float32), side, side), 0, 1) for one in covered)
    logits = masked_logits(classifier, picture, parts)
    seen = ~covered.reshape(len(covered), cells) - 0.5
    seen -= seen.mean(axis=0)
    added = np.linalg.solve(seen.T @ seen + RIDGE_PENALTY * np.eye(cells), seen.T @ (logits - logits.mean()))
    return added.reshape(shape).astype(np.float32)


def top_fraction_mask(heat: np.ndarray, share: float, side: int) -> np.ndarray:
    """The part of what is seen where a map, float (rows, columns), is highest: bool (side, side), of that share."""
    laid = resize(np.ascontiguousarray(heat, np.float32), side, side).ravel()
    part = np.zeros(side * side, bool)
    part[np.argsort(-laid, kind="stable")[: round(share * side * side)]] = True
    return part.reshape(side, side)
