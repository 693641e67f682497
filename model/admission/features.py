"""Features of the admission classifier: network outputs for a radiograph, and measures of the image."""

from dataclasses import dataclass, fields

import numpy as np
from PIL import Image
from scipy import ndimage

from model.imaging.geometry import resize
from model.inference.classifier import Inference
from model.inference.release_loader import Release

THUMBNAIL_SIDE, LUNG_MAP_SIDE = 28, 16  # pixels; sides of the images among the features
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
EMBEDDING_LENGTH = 16  # gives the embedding (values down to 0.001) about the same weight as the other features
ASYMMETRY_SIDE = 24  # pixels; side of the image that `asymmetry` compares with its mirror image
CLIPPED_DARK, CLIPPED_BRIGHT = 2, 253  # grey values up to the first and from the second may be clipped


@dataclass(frozen=True)
class ImageMeasures:
    """Measures of the working image (WORKING_SIDE x WORKING_SIDE pixels) and of the lung fields.

    Attributes:
        levels: Grey value, 0-1, at each of PERCENTILES.
        clipped_dark: Share of pixels, 0-1, that may have been clipped at black.
        clipped_bright: Share of pixels, 0-1, that may have been clipped at white.
        detail: Mean absolute Laplacian in grey values: low in blurred images, high in noisy images.
        largest_lung_area: Area of the largest lung field as a share of the image, 0-1.
        second_lung_area: Area of the second largest lung field as a share of the image, 0-1.
        horizontal_distance: Horizontal distance between the centroids of the two largest lung fields, as a share of the
            width, 0-1.
        vertical_offset: Vertical distance between these centroids, as a share of the height, 0-1.
        segmentation_uncertainty: Mean of 4 p (1 - p) over the lung probability map p, 0-1.
    """

    levels: tuple[float, ...]
    clipped_dark: float
    clipped_bright: float
    detail: float
    largest_lung_area: float
    second_lung_area: float
    horizontal_distance: float
    vertical_offset: float
    segmentation_uncertainty: float


def image_measures(inference: Inference) -> ImageMeasures:
    """Measure the working image and the lung fields of an inference."""
    working, probability = inference.working, inference.lung_probability
    histogram = np.array(Image.fromarray(np.clip(working, 0, 255).astype(np.uint8)).histogram())
    cumulative = np.cumsum(histogram) / working.size
    inner = working[1:-1, 1:-1]
    laplacian = 4 * inner - working[2:, 1:-1] - working[:-2, 1:-1] - working[1:-1, 2:] - working[1:-1, :-2]
    largest_area, second_area, horizontal_distance, vertical_offset = _lung_field_geometry(inference)
    return ImageMeasures(
        levels=tuple((np.searchsorted(cumulative, np.array(PERCENTILES) / 100) / 255).tolist()),
        clipped_dark=float(cumulative[CLIPPED_DARK]),
        clipped_bright=float(1 - cumulative[CLIPPED_BRIGHT - 1]),
        detail=float(np.abs(laplacian).mean()),
        largest_lung_area=largest_area,
        second_lung_area=second_area,
        horizontal_distance=horizontal_distance,
        vertical_offset=vertical_offset,
        segmentation_uncertainty=float((probability * (1 - probability)).mean() * 4),
    )


def _lung_field_geometry(inference: Inference) -> tuple[float, float, float, float]:
    """Return the areas of the two largest lung fields, and the horizontal and vertical distance of their centroids."""
    if inference.lungs is None:
        return 0.0, 0.0, 0.0, 0.0
    components, count = ndimage.label(inference.lungs.fields)
    areas = np.bincount(components.ravel(), minlength=3)[1:] / components.size
    largest = 1 + np.argsort(-areas, kind="stable")[:2]
    if count < 2:
        return float(areas[0]), 0.0, 0.0, 0.0
    first, second = (np.array(_centroid(components == component)) for component in largest)
    down, across = np.abs(first - second) / components.shape
    return float(areas[largest[0] - 1]), float(areas[largest[1] - 1]), float(across), float(down)


def _centroid(field: np.ndarray) -> list[float]:
    """Return the mean row and column of a field, bool (rows, columns); integer sums keep the result exact."""
    pixels = field.view(np.int8)
    sums = [pixels.sum(axis=axis, dtype=np.int32) for axis in (1, 0)]  # pixels per row, and per column
    return [np.arange(len(counts)) @ counts / counts.sum() for counts in sums]


def extract_features(inference: Inference, measures: ImageMeasures) -> np.ndarray:
    """Return the features of one radiograph.

    The features are the thumbnail, standardised to remove the effect of exposure; the lung probability map; the
    embedding, scaled to a fixed length; and the measures.

    Args:
        inference: Inference of the radiograph.
        measures: `image_measures` of the same inference.

    Returns:
        float32 (n,), about -3 to 3; n is `feature_count` of the release.
    """
    thumbnail = resize(inference.working, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    thumbnail = (thumbnail - thumbnail.mean()) / max(float(thumbnail.std()), 1.0)
    lung_map = resize(inference.lung_probability, LUNG_MAP_SIDE, LUNG_MAP_SIDE)
    embedding = inference.output.embedding
    embedding = embedding * (EMBEDDING_LENGTH / max(float(np.linalg.norm(embedding)), 1e-6))
    plain_measures = [
        *measures.levels,
        measures.clipped_dark,
        measures.clipped_bright,
        measures.detail / 10,
        measures.largest_lung_area,
        measures.second_lung_area,
        measures.horizontal_distance,
        measures.vertical_offset,
        measures.segmentation_uncertainty,
    ]
    return np.concatenate((thumbnail.ravel(), lung_map.ravel(), embedding, plain_measures), dtype=np.float32)


def feature_count(release: Release) -> int:
    """Return the number of features for the networks of a release."""
    (channels,) = release.outputs["embedding"][1:]
    return THUMBNAIL_SIDE**2 + LUNG_MAP_SIDE**2 + channels + len(PERCENTILES) + len(fields(ImageMeasures)) - 1


def asymmetry(inference: Inference) -> np.ndarray:
    """Return the left half of the lung box, as displayed, minus the mirrored right half.

    Mirroring a radiograph changes the sign of every value. Side markers and letters are usually outside the box.

    Returns:
        float32 (ASYMMETRY_SIDE * ASYMMETRY_SIDE / 2,); zeros if no lungs were found.
    """
    if inference.lungs is None:
        return np.zeros(ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2, np.float32)
    lungs = resize(inference.working, ASYMMETRY_SIDE, ASYMMETRY_SIDE, inference.lungs.box)
    lungs = lungs / max(float(lungs.std()), 1.0)
    return (lungs - lungs[:, ::-1])[:, : ASYMMETRY_SIDE // 2].ravel()
