"""Explanations where the answer is known: a soft opacity that was put into the lung of a normal film.

A blob is no pneumonia. But it is where it is, and a map that does not find it there cannot be believed of others.
"""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage
from tqdm import tqdm

from dataset.index import LabelledImage
from model.explanation.heatmap import peak_position
from model.imaging.preprocessing import working_image
from model.inference.classifier import Classifier
from model.inference.lung_segmentation import LungMask
from model.performance.binary_metrics import mean_with_ci
from training.data.loading import read_radiograph

N_OPACITIES = 120  # films
RADIUS = 0.16  # of the width of the lungs' box: two standard deviations of the opacity, as far as it can be seen
DENSITY = 80.0  # greys of 255 that its centre adds: about from lung to heart


def pointing_game_synthetic(classifier: Classifier, normal: Sequence[LabelledImage]) -> dict:
    """How often the hottest place of the map lies in an opacity that was put into the lung of a normal film.

    Returns:
        {"hit", "hit_before": the same place without the opacity, "raised": films whose probability rises, "before",
        "after": mean probability at the training prevalence}, shares and means of the films in which lungs are found.
    """
    rng = np.random.default_rng(0)
    drawn = [normal[index] for index in sorted(rng.permutation(len(normal))[:N_OPACITIES])]
    rows, patients = [], []
    for record in tqdm(drawn, desc="opacities of known place", unit="film", disable=None):
        working = working_image(read_radiograph(record))
        if lungs := classifier.segmenter.segment(working):
            rows.append(_try(classifier, working, lungs, rng))
            patients.append(record.patient)
    hit_before, hit, before, after = np.array(rows, float).reshape(-1, 4).T
    figures = {"hit": hit, "hit_before": hit_before, "raised": after > before, "before": before, "after": after}
    return {name: mean_with_ci(values, np.array(patients, str)) for name, values in figures.items()}


def _try(
    classifier: Classifier, working: np.ndarray, lungs: LungMask, rng: np.random.Generator
) -> tuple[bool, bool, float, float]:
    """Whether the map's peak lies in the opacity's place, and the probability, without it and with it."""
    distance = _distance(_place(lungs, rng), lungs, *working.shape)
    opacity = DENSITY * np.exp(-2 * distance**2)
    findings = [
        classifier.finding_from(classifier.infer_working(one)) for one in (working, add_opacity(working, opacity))
    ]
    hits = []
    for finding in findings:
        at = peak_position(finding.heat_map, finding.heat_map_box)
        row, column = (int(share * side) for share, side in zip(at or (0, 0), working.shape, strict=True))
        hits.append(at is not None and bool(distance[row, column] <= 1))
    return *hits, *(finding.probability for finding in findings)


def add_opacity(working: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """The working picture, float32, 0-255, with the greys of an opacity added."""
    return np.clip(working + opacity, 0, 255).astype(np.float32)


def _place(lungs: LungMask, rng: np.random.Generator) -> tuple[float, float]:
    """A place within the lung fields, away from their edges where they are wide enough: row and column, as shares."""
    depth = ndimage.distance_transform_edt(np.pad(lungs.fields, 1))[1:-1, 1:-1]
    deep = np.argwhere(depth >= min(depth.max(), RADIUS / 2 * (lungs.box.right - lungs.box.left) * depth.shape[1]))
    row, column = deep[rng.integers(len(deep))]
    return (row + 0.5) / depth.shape[0], (column + 0.5) / depth.shape[1]


def _distance(place: tuple[float, float], lungs: LungMask, height: int, width: int) -> np.ndarray:
    """Distance of each pixel from a place, float (height, width), in radii of the opacity."""
    radius = RADIUS * (lungs.box.right - lungs.box.left) * width
    rows, columns = np.arange(height) + 0.5 - place[0] * height, np.arange(width) + 0.5 - place[1] * width
    return np.hypot(*np.meshgrid(rows, columns, indexing="ij")) / radius
