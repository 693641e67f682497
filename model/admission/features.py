"""The numbers that admission goes by: what the networks saw of a radiograph, and plain measures of the picture."""

from dataclasses import dataclass, fields

import numpy as np
from PIL import Image
from scipy import ndimage

from model.imaging.geometry import resize
from model.inference.classifier import Inference
from model.inference.release_loader import Release

THUMBNAIL_SIDE, LUNG_MAP_SIDE = 28, 16  # sides, in pixels, of the pictures among the signs
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
EMBEDDING_LENGTH = 16  # makes its numbers, some of them a thousandth, weigh about as much as the others
ASYMMETRY_SIDE = 24  # side, in pixels, of what `asymmetry` compares
CLIPPED_DARK, CLIPPED_BRIGHT = 2, 253  # grey values up to and from which a pixel may have been clipped


@dataclass(frozen=True)
class ImageMeasures:
    """Plain measures of the working picture and of the lung fields, shares of 0-1 where nothing else is said.

    levels: percentiles of the grey values, see PERCENTILES.
    dark, bright: pixels that may have been clipped.
    detail: mean absolute Laplacian, in grey values: little in blurred pictures, much in noise.
    first, second: area of the two largest lung fields, of the picture.
    apart: distance across of their centres, of the width; level: distance down, of the height.
    doubt: mean of 4 p (1 - p) over the map of lung probability p: how unsure the lung network is.
    """

    levels: tuple[float, ...]
    dark: float
    bright: float
    detail: float
    first: float
    second: float
    apart: float
    level: float
    doubt: float


def image_measures(seen: Inference) -> ImageMeasures:
    """Measure what the networks saw."""
    working, probability = seen.working, seen.lung_probability
    counts = np.array(Image.fromarray(np.clip(working, 0, 255).astype(np.uint8)).histogram())
    below = np.cumsum(counts) / working.size
    inner = working[1:-1, 1:-1]
    laplacian = 4 * inner - working[2:, 1:-1] - working[:-2, 1:-1] - working[1:-1, 2:] - working[1:-1, :-2]
    return ImageMeasures(
        tuple((np.searchsorted(below, np.array(PERCENTILES) / 100) / 255).tolist()),
        float(below[CLIPPED_DARK]),
        float(1 - below[CLIPPED_BRIGHT - 1]),
        float(np.abs(laplacian).mean()),
        *_lung_field_geometry(seen),
        float((probability * (1 - probability)).mean() * 4),
    )


def _lung_field_geometry(seen: Inference) -> tuple[float, float, float, float]:
    """Areas of the two largest lung fields, and how far their centres lie apart, across and down."""
    if seen.lungs is None:
        return 0.0, 0.0, 0.0, 0.0
    labels, count = ndimage.label(seen.lungs.fields)
    sizes = np.bincount(labels.ravel(), minlength=3)[1:] / labels.size
    largest = 1 + np.argsort(-sizes, kind="stable")[:2]
    if count < 2:
        return float(sizes[0]), 0.0, 0.0, 0.0
    places = [_centroid(labels == one) for one in largest]
    down, across = np.abs(np.subtract(*places)) / labels.shape
    return float(sizes[largest[0] - 1]), float(sizes[largest[1] - 1]), float(across), float(down)


def _centroid(field: np.ndarray) -> list[float]:
    """Mean row and column of a field, bool (rows, columns); whole numbers are summed, so that it is exact."""
    counted = field.view(np.int8)
    sums = [counted.sum(axis=axis, dtype=np.int32) for axis in (1, 0)]  # pixels of each row, and of each column
    return [np.arange(len(of)) @ of / of.sum() for of in sums]


def extract_features(seen: Inference, measures: ImageMeasures) -> np.ndarray:
    """The signs of one radiograph, float32 (n,), of about -3 to 3; n is fixed by the release's networks.

    The thumbnail, standardised, so that exposure does not matter; the map of lung probability; the embedding, of one
    length; the measures.
    """
    thumbnail = resize(seen.working, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    thumbnail = (thumbnail - thumbnail.mean()) / max(float(thumbnail.std()), 1.0)
    embedding = seen.output.embedding
    embedding = embedding * (EMBEDDING_LENGTH / max(float(np.linalg.norm(embedding)), 1e-6))
    plain = [*measures.levels, measures.dark, measures.bright, measures.detail / 10, measures.first, measures.second]
    plain += [measures.apart, measures.level, measures.doubt]
    parts = thumbnail.ravel(), resize(seen.lung_probability, LUNG_MAP_SIDE, LUNG_MAP_SIDE).ravel(), embedding, plain
    return np.concatenate(parts, dtype=np.float32)


def feature_count(release: Release) -> int:
    """How many signs a release's networks give."""
    (channels,) = release.outputs["embedding"][1:]
    return THUMBNAIL_SIDE**2 + LUNG_MAP_SIDE**2 + channels + len(PERCENTILES) + len(fields(ImageMeasures)) - 1


def asymmetry(seen: Inference) -> np.ndarray:
    """What differs between left and right within the lungs' box: float32 (HEART * HEART / 2,), all 0 without lungs.

    Of a mirrored film it is the negative. Side markers and letters lie outside the box.
    """
    if seen.lungs is None:
        return np.zeros(ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2, np.float32)
    inside = resize(seen.working, ASYMMETRY_SIDE, ASYMMETRY_SIDE, seen.lungs.box)
    inside = inside / max(float(inside.std()), 1.0)
    return (inside - inside[:, ::-1])[:, : ASYMMETRY_SIDE // 2].ravel()
