"""Make the index of similar training cases, and measure how alike they are."""

from pathlib import Path

import numpy as np

from dataset.quality.features import ImageInventory
from model.inference.similar_cases import SimilarCaseIndex, normalise
from model.release_files import ReleaseFile
from model.storage import atomic_path

PRINCIPAL_AXES = (
    128  # principal axes: on validation the same nearest five, 92 of 100, as all 1,280 channels, in a megabyte
)
DISTANCE_PAIRS = 20_000  # drawn for the typical distance


def build_index(survey: ImageInventory) -> SimilarCaseIndex:
    """The index of the training pictures of a survey, who must be some."""
    training = (survey.rows["split"] == "training").to_numpy()
    rows = survey.rows[training]
    places = normalise(survey.embeddings[training])
    centre = places.mean(axis=0)
    axes = _principal_axes(places - centre).astype(np.float16)
    projected = (places - centre) @ axes.astype(np.float32)
    scale = np.maximum(np.abs(projected).max(axis=0) / 127, np.finfo(np.float32).tiny).astype(np.float32)
    codes = np.rint(projected / scale).astype(np.int8)
    columns = {f"{name}s": rows[name].to_numpy(str) for name in ("file", "label", "cause", "patient", "group")}
    return SimilarCaseIndex(
        **columns,
        centre=centre,
        axes=axes,
        scale=scale,
        codes=codes,
        fingerprints=survey.fingerprints[training],
        typical_distance=_typical_distance(codes * scale),
    )


def _principal_axes(centred: np.ndarray) -> np.ndarray:
    """The KEPT directions in which rows, (n, channels), vary most, the largest first: float64 (channels, kept)."""
    covariance = centred.T.astype(float) @ centred
    return np.linalg.eigh(covariance)[1][:, ::-1][:, :PRINCIPAL_AXES]


def _typical_distance(places: np.ndarray) -> np.float32:
    """Median distance of two pictures drawn at random, as `SimilarCaseIndex.distances` has it."""
    first, second = np.random.default_rng(0).integers(len(places), size=(2, DISTANCE_PAIRS))
    return np.median(((places[first] - places[second]) ** 2).sum(axis=1) / 2)


def save_index(index: SimilarCaseIndex, folder: Path) -> None:
    """Write the index whole or not at all."""
    with atomic_path(folder / ReleaseFile.SIMILAR_CASES) as beside:
        np.savez_compressed(beside, **{name: getattr(index, name) for name in index.__dataclass_fields__})
