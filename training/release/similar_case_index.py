"""Make the index of similar training cases, and measure how alike they are."""

from pathlib import Path

import numpy as np

from dataset.quality.features import Survey
from model.file_replacement import written_whole
from model.inference.similar_cases import COUNT, INDEX, LookAlikes, unit
from model.performance.binary_metrics import measure_share

KEPT = 128  # principal axes: on validation the same nearest five, 92 of 100, as all 1,280 channels, in a megabyte
PAIRS = 20_000  # drawn for the typical distance


def build_index(survey: Survey) -> LookAlikes:
    """The index of the training pictures of a survey, who must be some."""
    training = (survey.rows["split"] == "training").to_numpy()
    rows = survey.rows[training]
    places = unit(survey.embeddings[training])
    centre = places.mean(axis=0)
    axes = _principal_axes(places - centre).astype(np.float16)
    projected = (places - centre) @ axes.astype(np.float32)
    scale = np.maximum(np.abs(projected).max(axis=0) / 127, np.finfo(np.float32).tiny).astype(np.float32)
    codes = np.rint(projected / scale).astype(np.int8)
    columns = {f"{name}s": rows[name].to_numpy(str) for name in ("file", "label", "cause", "patient", "group")}
    return LookAlikes(
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
    return np.linalg.eigh(covariance)[1][:, ::-1][:, :KEPT]


def _typical_distance(places: np.ndarray) -> np.float32:
    """Median distance of two pictures drawn at random, as `LookAlikes.distances` has it."""
    first, second = np.random.default_rng(0).integers(len(places), size=(2, PAIRS))
    return np.median(((places[first] - places[second]) ** 2).sum(axis=1) / 2)


def save_index(index: LookAlikes, folder: Path) -> None:
    """Write the index whole or not at all."""
    with written_whole(folder / INDEX) as beside:
        np.savez_compressed(beside, **{name: getattr(index, name) for name in index.__dataclass_fields__})


def measure_neighbours(index: LookAlikes, survey: Survey, split: str) -> dict:
    """How alike the nearest COUNT training pictures are to the pictures of a split, patients of their group left out.

    Returns:
        {"count", "split", "same_class": share with interval and n, "by_class": the same of each class, "same_cause"}: a
        share is the mean over pictures of the share among each one's neighbours.
    """
    of = (survey.rows["split"] == split).to_numpy()
    rows = survey.rows[of]
    seen = zip(survey.embeddings[of], survey.fingerprints[of], rows["group"], strict=True)
    found = [index.nearest(embedding, fingerprint, group) for embedding, fingerprint, group in seen]
    patient, label = rows["patient"].to_numpy(str), rows["label"].to_numpy(str)

    def shared(column: str) -> np.ndarray:
        pairs = zip(rows[column], found, strict=True)
        return np.array([np.mean([getattr(near, column) == own for near in neighbours]) for own, neighbours in pairs])

    same_class = shared("label")
    return {
        "count": COUNT,
        "split": split,
        "same_class": measure_share(same_class, patient),
        "by_class": {
            one: measure_share(same_class[label == one], patient[label == one]) for one in np.unique(label).tolist()
        },
        "same_cause": measure_share(shared("cause"), patient),
    }
