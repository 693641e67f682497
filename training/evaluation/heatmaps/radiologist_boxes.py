"""Comparison of heat maps with boxes drawn by radiologists on adult radiographs.

There are few such images, and they are outside the intended population. The result shows whether the map points to
disease at all, not how well.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage

from model.errors import TrainingError
from model.explanation.heatmap import peak_position, upsample_to_image
from model.imaging.decode import decode
from model.imaging.geometry import RelativeBox
from model.inference.classifier import Classifier
from model.inference.lung_segmentation import LungMask
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import CountedEstimate
from training.data.opacity_boxes import iou
from training.evaluation.external_adults import LABELS_FILE

BOXES_FILE = "boxes.csv"  # columns: file; x, y, width and height in image pixels; the patients are in labels.csv
GRID = 256  # rows and columns of the grid on which areas are compared
HOT_FRACTION = 0.5  # share of the maximum of the map from which a pixel is hot
METRIC_NAMES = ("pointing", "pointing_guess", "overlap", "overlap_guess")


def pointing_game_boxes(classifier: Classifier, folder: Path) -> dict[str, CountedEstimate] | None:
    """Measure the pointing game (Zhang et al. 2016) and the overlap (IoU) between heat map and boxes.

    The baseline ignores the image content and guesses the centre of a lung; each lung counts half. For the overlap, the
    guess is a disc around that centre that has the same area as the hot area of the map.

    Args:
        classifier: Classifier to measure.
        folder: Folder with radiographs of adults.

    Returns:
        {"pointing", "pointing_guess", "overlap", "overlap_guess"}; None if the folder has no boxes. An image without
        positive evidence counts as a miss without overlap.

    Raises:
        TrainingError: A table cannot be used, or an image is missing.
    """
    if not (folder / BOXES_FILE).exists():
        return None
    rows, patients = [], []
    paths = {path.name: path for path in folder.rglob("*.*")}
    for patient, name, boxes in _read_tables(folder):
        if name not in paths:
            raise TrainingError(f"{folder} cannot be used: an image in {BOXES_FILE} is missing.")
        rows.append(_compare(classifier, paths[name], boxes))
        patients.append(patient)
    columns = np.array(rows, float).T
    return {
        name: mean_with_ci(values, np.array(patients, str)) for name, values in zip(METRIC_NAMES, columns, strict=True)
    }


def _read_tables(folder: Path) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the patient, the file name and the boxes of each image."""
    try:
        boxes = pd.read_csv(folder / BOXES_FILE).astype(dict.fromkeys(("x", "y", "width", "height"), float))
        patient = pd.read_csv(folder / LABELS_FILE, dtype=str).set_index("file")["patient"]
        return [(patient[name], name, image_boxes) for name, image_boxes in boxes.groupby("file")]
    except (OSError, KeyError, ValueError) as error:
        raise TrainingError(
            f"{folder} cannot be used: {BOXES_FILE} must have the columns file, x, y, width and height, and all its "
            f"images must be in {LABELS_FILE}."
        ) from error


def _compare(classifier: Classifier, path: Path, boxes: pd.DataFrame) -> tuple[float, float, float, float]:
    """Return the values of METRIC_NAMES for one image."""
    radiograph = decode(path.read_bytes())
    inference = classifier.infer(radiograph)
    finding = classifier.finding_from(inference)
    truth = _rasterise(boxes, radiograph.height, radiograph.width)
    heat = upsample_to_image(finding.heat_map, finding.heat_map_box, GRID, GRID)
    hot_area = (heat > 0) & (heat >= HOT_FRACTION * heat.max())
    guesses = lung_centroids(inference.lungs)
    peak = peak_position(finding.heat_map, finding.heat_map_box)
    return (
        float(peak is not None and _is_hit(peak, truth)),
        float(np.mean([_is_hit(guess, truth) for guess in guesses])),
        iou(hot_area, truth),
        float(np.mean([iou(_disc(guess, hot_area.sum()), truth) for guess in guesses])),
    )


def _rasterise(boxes: pd.DataFrame, height: int, width: int) -> np.ndarray:
    """Return the union of the boxes, bool (GRID, GRID)."""
    area = np.zeros((GRID, GRID), bool)
    for box in boxes.itertuples():
        edges = (box.x / width, box.y / height, (box.x + box.width) / width, (box.y + box.height) / height)
        left, top, right, bottom = (round(edge) for edge in RelativeBox(*edges).to_pixels(GRID, GRID))
        area[top:bottom, left:right] = True
    return area


def lung_centroids(lungs: LungMask | None) -> Sequence[tuple[float, float]]:
    """Return the centroids of the two largest lung fields.

    Returns:
        Row and column of each, as shares of height and width; the image centre if no lungs were found.
    """
    if lungs is None:
        return [(0.5, 0.5)]
    labels, count = ndimage.label(lungs.fields)
    largest = np.argsort(-np.bincount(labels.ravel())[1:], kind="stable")[:2] + 1
    centroids = ndimage.center_of_mass(lungs.fields, labels, largest[:count])
    return [((row + 0.5) / labels.shape[0], (column + 0.5) / labels.shape[1]) for row, column in centroids]


def _is_hit(position: tuple[float, float], truth: np.ndarray) -> bool:
    return bool(truth[int(position[0] * GRID), int(position[1] * GRID)])


def _disc(centre: tuple[float, float], area: int) -> np.ndarray:
    """Return a disc with the given area in pixels, bool (GRID, GRID)."""
    row_offsets, column_offsets = ((np.arange(GRID) + 0.5 - share * GRID) for share in centre)
    disc: np.ndarray = np.add.outer(row_offsets**2, column_offsets**2) <= area / np.pi
    return disc
