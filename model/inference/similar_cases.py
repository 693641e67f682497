"""Similar training cases: the labelled pictures that the reader sees most like the one at hand.

Nearest by the reader's own embedding, so they tend to agree with the reader, also where it is wrong: they show what it
goes by and are no second opinion. The index is a file of the release: embeddings of the training pictures, scaled to
length 1, on their principal axes, in whole numbers of 8 bits.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, hash_distances
from model.inference.release_loader import Release
from model.release_files import ReleaseFile
from model.storage import open_arrays

NEIGHBOURS_SHOWN = 5  # neighbours that are shown and measured


@dataclass(frozen=True)
class SimilarCase:
    """One labelled training picture.

    distance: cosine distance of the embeddings as far as the index keeps them: 0 the same to the reader, 1 unrelated.
    same_film: its fingerprint says that it is a copy of the picture at hand, or nearly.
    """

    file: str
    label: str
    cause: str
    patient: str
    distance: float
    same_film: bool


@dataclass(frozen=True, eq=False)
class SimilarCaseIndex:
    """The index.

    files, labels, causes, patients, groups: str (n,), see `dataset.index.LabelledImage`.
    centre: float32 (channels,), mean of the embeddings of length 1.
    axes: float16 (channels, kept), principal axes; scale: float32 (kept,), what 1 of a code stands for.
    codes: int8 (n, kept).
    fingerprints: uint8 (n, BITS / 8).
    typical_distance: float32 (), median distance of two training pictures.
    """

    files: np.ndarray
    labels: np.ndarray
    causes: np.ndarray
    patients: np.ndarray
    groups: np.ndarray
    centre: np.ndarray
    axes: np.ndarray
    scale: np.ndarray
    codes: np.ndarray
    fingerprints: np.ndarray
    typical_distance: np.ndarray

    @classmethod
    def from_release(cls, release: Release) -> Self:
        """Open the index of a release.

        Raises:
            ReleaseError: it is missing, altered, or not what this program understands.
        """
        with open_arrays(release.read_file(ReleaseFile.SIMILAR_CASES), "The index of similar cases") as arrays:
            return cls(**arrays)

    def nearest(
        self, embedding: np.ndarray, fingerprint: np.ndarray, group: str | None = None, count: int = NEIGHBOURS_SHOWN
    ) -> list[SimilarCase]:
        """The most similar training pictures, nearest first.

        Args:
            embedding: float32 (channels,), of `Finding`.
            fingerprint: uint8 (BITS / 8,), of the same radiograph.
            group: of its patient where that is known: nobody of this group is among the neighbours.
            count: how many are wanted; fewer where the index holds no more.
        """
        distance = self.distances(embedding)
        order = np.argsort(distance, kind="stable")
        chosen = order[self.groups[order] != group][:count]
        bits = hash_distances(fingerprint, self.fingerprints[chosen])
        return [self._neighbour(n, distance[n], b <= DUPLICATE_MAX_BITS) for n, b in zip(chosen, bits, strict=True)]

    def distances(self, embedding: np.ndarray) -> np.ndarray:
        """Distance of an embedding, float32 (channels,), from every training picture: float32 (n,), 0-2.

        On the public set's test split what the index leaves out makes it less than over all channels, by 0.005 (median)
        to 0.023, by 0.004 (median) for the nearest five, where two training pictures lie 0.20 apart.
        """
        place = (normalise(embedding[np.newaxis])[0] - self.centre) @ self._axes
        squared = self._lengths - 2 * np.einsum("nk,k->n", self._places, place) + place @ place
        return np.maximum(squared, 0) / 2  # of vectors of length 1: 1 - cosine; rounding may leave less than 0

    @cached_property
    def _axes(self) -> np.ndarray:
        return self.axes.astype(np.float32)

    @cached_property
    def _places(self) -> np.ndarray:
        return self.codes * self.scale

    @cached_property
    def _lengths(self) -> np.ndarray:
        return (self._places**2).sum(axis=1)

    def _neighbour(self, n: int, distance: float, same_film: bool) -> SimilarCase:
        words = (str(column[n]) for column in (self.files, self.labels, self.causes, self.patients))
        return SimilarCase(*words, float(distance), bool(same_film))


def normalise(embeddings: np.ndarray) -> np.ndarray:
    """Embeddings, float32 (n, channels), scaled to length 1; one that is all zeros stays so."""
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.divide(embeddings, length, out=np.zeros_like(embeddings), where=length > 0)
