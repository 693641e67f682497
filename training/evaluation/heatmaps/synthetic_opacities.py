"""Pointing game with synthetic opacities: soft discs added to a lung in a normal radiograph.

A soft disc is not pneumonia, but its position is known. A heat map that misses the disc cannot be trusted elsewhere.
"""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.explanation.heatmap import peak_position
from model.inference.classifier import Classifier
from model.inference.lung_segmentation import LungMask
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import CountedEstimate
from training.data.loading import read_prepared

N_OPACITIES = 120  # images that get one opacity each
RADIUS = 0.16  # share of the width of the lung box: two standard deviations, the visible extent of the opacity
DENSITY = 80.0  # grey levels added at the centre of the opacity: about the difference between heart and lung

Position = tuple[float, float]  # row and column as shares of height and width


def pointing_game_synthetic(
    classifier: Classifier, normal: Sequence[LabelledImage], decoder: ImageDecoder = decode_image
) -> dict[str, CountedEstimate]:
    """Measure how often the peak of the heat map lies in a synthetic opacity.

    Args:
        classifier: Classifier to measure.
        normal: Normal images.
        decoder: Decodes the images.

    Returns:
        {"hit", "hit_before": hits at the same position without the opacity, "raised": share of images whose probability
        rises, "before", "after": mean probability at the training prevalence}. Images without detected lungs are left
        out.
    """
    rng = np.random.default_rng(0)
    sample = [normal[index] for index in sorted(rng.permutation(len(normal))[:N_OPACITIES])]
    rows, patients = [], []
    for record in tqdm(sample, desc="heat maps: synthetic opacities", unit="image", disable=None):
        working = read_prepared(record, decoder).working
        if lungs := classifier.segmenter.segment(working):
            rows.append(_compare(classifier, working, lungs, rng))
            patients.append(record.patient)
    hit_before, hit, before, after = np.array(rows, float).reshape(-1, 4).T
    values = {"hit": hit, "hit_before": hit_before, "raised": after > before, "before": before, "after": after}
    return {name: mean_with_ci(column, np.array(patients, str)) for name, column in values.items()}


def _compare(
    classifier: Classifier, working: np.ndarray, lungs: LungMask, rng: np.random.Generator
) -> tuple[bool, bool, float, float]:
    """Return whether the peak of the map is a hit without and with the opacity, and both probabilities."""
    distance = _distance(_random_position(lungs, rng), lungs, *working.shape)
    with_opacity = add_opacity(working, DENSITY * np.exp(-2 * distance**2))
    hit_before, before = _hit_and_probability(classifier, working, distance)
    hit, after = _hit_and_probability(classifier, with_opacity, distance)
    return hit_before, hit, before, after


def _hit_and_probability(classifier: Classifier, working: np.ndarray, distance: np.ndarray) -> tuple[bool, float]:
    finding = classifier.finding_from(classifier.infer_working(working))
    peak = peak_position(finding.heat_map, finding.heat_map_box)
    if peak is None:
        return False, finding.probability
    row, column = (int(share * side) for share, side in zip(peak, working.shape, strict=True))
    return bool(distance[row, column] <= 1), finding.probability


def add_opacity(working: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Return the working image, float32, 0-255, with an opacity added."""
    bright: np.ndarray = np.clip(working + opacity, 0, 255)
    return bright.astype(np.float32)


def _random_position(lungs: LungMask, rng: np.random.Generator) -> Position:
    """Draw a position in the lung fields, away from their edges if the fields are wide enough."""
    depth = ndimage.distance_transform_edt(np.pad(lungs.fields, 1))[1:-1, 1:-1]
    min_depth = min(depth.max(), RADIUS / 2 * (lungs.box.right - lungs.box.left) * depth.shape[1])
    candidates = np.argwhere(depth >= min_depth)
    row, column = candidates[rng.integers(len(candidates))]
    return (row + 0.5) / depth.shape[0], (column + 0.5) / depth.shape[1]


def _distance(position: Position, lungs: LungMask, height: int, width: int) -> np.ndarray:
    """Return the distance of each pixel from a position, float (height, width), in radii of the opacity."""
    radius = RADIUS * (lungs.box.right - lungs.box.left) * width
    rows, columns = np.arange(height) + 0.5 - position[0] * height, np.arange(width) + 0.5 - position[1] * width
    distance: np.ndarray = np.hypot(*np.meshgrid(rows, columns, indexing="ij")) / radius
    return distance
