"""Heat maps beside the boxes that radiologists drew on films of adults.

Few films, and out of the population: what comes of it says whether the map points to disease at all, not how well.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage

from model.errors import DatasetError
from model.explanation.heatmap import peak_position, upsample_to_image
from model.imaging.decode import decode
from model.imaging.geometry import RelativeBox
from model.inference.classifier import Classifier
from model.inference.lung_segmentation import LungMask
from model.performance.binary_metrics import mean_with_ci

BOXES_FILE = "boxes.csv"  # file, x, y, width, height in pixels of the film; beside labels.csv, which tells the patients
GRID = 256  # rows and columns on which areas are compared
STRONG = 0.5  # of the map's largest value: what counts as its area


def pointing_game_boxes(classifier: Classifier, folder: Path) -> dict | None:
    """Pointing game (Zhang et al. 2016) and overlap (IoU) of the map with the boxes, beside guesses that see no film.

    The guess is the centre of either lung, half a hit each; for the overlap a disc there, as large as the map's area.

    Returns:
        {"pointing", "pointing_guess", "overlap", "overlap_guess"}, each with n and interval; None where there are no
        boxes. A film without positive evidence is a miss without overlap.

    Raises:
        DatasetError: the tables cannot be used, or a film is missing.
    """
    if not (folder / BOXES_FILE).exists():
        return None
    rows, patients = [], []
    films = {path.name: path for path in folder.rglob("*.*")}
    for patient, name, boxes in _read(folder):
        if name not in films:
            raise DatasetError(f"{folder} lacks a film that {BOXES_FILE} names.")
        rows.append(_compare(classifier, films[name], boxes))
        patients.append(patient)
    figures = np.array(rows, float).T
    names = ("pointing", "pointing_guess", "overlap", "overlap_guess")
    return {name: mean_with_ci(of, np.array(patients, str)) for name, of in zip(names, figures, strict=True)}


def _read(folder: Path) -> list[tuple[str, str, pd.DataFrame]]:
    """Patient, film and its boxes."""
    try:
        boxes = pd.read_csv(folder / BOXES_FILE).astype(dict.fromkeys(("x", "y", "width", "height"), float))
        patient = pd.read_csv(folder / "labels.csv", dtype=str).set_index("file")["patient"]
        return [(patient[name], name, of) for name, of in boxes.groupby("file")]
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{folder} cannot be used: {BOXES_FILE} with file, x, y, width and height is wanted, of films in labels.csv."
        ) from error


def _compare(classifier: Classifier, film: Path, boxes: pd.DataFrame) -> tuple[float, float, float, float]:
    """Hit, hit of the guess, overlap and overlap of the guess on one film."""
    radiograph = decode(film.read_bytes())
    seen = classifier.infer(radiograph)
    finding = classifier.finding_from(seen)
    truth = _inside(boxes, radiograph.height, radiograph.width)
    laid = upsample_to_image(finding.heat_map, finding.heat_map_box, GRID, GRID)
    area = (laid > 0) & (laid >= STRONG * laid.max())
    guesses = lung_centroids(seen.lungs)
    at = peak_position(finding.heat_map, finding.heat_map_box)
    return (
        float(at is not None and _hit(at, truth)),
        float(np.mean([_hit(guess, truth) for guess in guesses])),
        iou(area, truth),
        float(np.mean([iou(_disc(guess, area.sum()), truth) for guess in guesses])),
    )


def _inside(boxes: pd.DataFrame, height: int, width: int) -> np.ndarray:
    """bool (GRID, GRID): within any of the boxes."""
    inside = np.zeros((GRID, GRID), bool)
    for box in boxes.itertuples():
        edges = (box.x / width, box.y / height, (box.x + box.width) / width, (box.y + box.height) / height)
        left, top, right, bottom = (round(edge) for edge in RelativeBox(*edges).to_pixels(GRID, GRID))
        inside[top:bottom, left:right] = True
    return inside


def lung_centroids(lungs: LungMask | None) -> Sequence[tuple[float, float]]:
    """Row and column, as shares, of the centre of each of the two largest fields; of the film where there are none."""
    if lungs is None:
        return [(0.5, 0.5)]
    labels, count = ndimage.label(lungs.fields)
    largest = np.argsort(-np.bincount(labels.ravel())[1:], kind="stable")[:2] + 1
    centres = ndimage.center_of_mass(lungs.fields, labels, largest[:count])
    return [((row + 0.5) / labels.shape[0], (column + 0.5) / labels.shape[1]) for row, column in centres]


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two areas, bool of one shape; 0 where both are empty."""
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 0.0


def _hit(at: tuple[float, float], truth: np.ndarray) -> bool:
    return bool(truth[int(at[0] * GRID), int(at[1] * GRID)])


def _disc(centre: tuple[float, float], area: int) -> np.ndarray:
    rows, columns = ((np.arange(GRID) + 0.5 - at * GRID) for at in centre)
    return np.add.outer(rows**2, columns**2) <= area / np.pi
