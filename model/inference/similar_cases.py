"""Similar training cases: the labelled images whose embeddings are nearest to that of a radiograph.

The embedding is the classifier's own, so similar cases tend to agree with the classifier even when it is wrong. They
show which images the classifier finds similar; they are not a second opinion. The index is a file of the release. It
contains the embeddings of the training images, scaled to length 1, projected onto their principal axes and quantised to
8 bits.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, hash_distances
from model.inference.release_loader import Release
from model.release_files import ReleaseFile
from model.storage import open_arrays

NEIGHBOURS_SHOWN = 5  # the evaluation uses the same number


@dataclass(frozen=True)
class SimilarCase:
    """One labelled training image.

    Attributes:
        file: File name.
        label: Class, see `model.codes.Label`.
        cause: Cause of the pneumonia, see `dataset.index.LabelledImage`.
        patient: Patient, inferred from the file name.
        distance: Cosine distance between the embeddings, to the precision of the index. 0 means the same
            direction; compare other values with `SimilarCaseIndex.typical_distance`.
        is_duplicate: Whether this image is a copy or near copy of the query image, judging by its perceptual hash.
    """

    file: str
    label: str
    cause: str
    patient: str
    distance: float
    is_duplicate: bool


@dataclass(frozen=True, eq=False)
class SimilarCaseIndex:
    """Index of the n training images.

    Attributes:
        files: str (n,); for this and the next four attributes, see `dataset.index.LabelledImage`.
        labels: str (n,).
        causes: str (n,).
        patients: str (n,).
        groups: str (n,).
        centre: float32 (channels,), mean of the embeddings scaled to length 1.
        axes: float16 (channels, kept), principal axes.
        scale: float32 (kept,), step of the codes on each axis.
        codes: int8 (n, kept), quantised coordinates on the axes.
        fingerprints: uint8 (n, HASH_BITS / 8), perceptual hashes.
        typical_distance: float32 (), median distance between two training images.
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
        """Load the index of a release.

        Raises:
            ReleaseError: The file is missing, changed, or in a different format.
        """
        with open_arrays(release.read_file(ReleaseFile.SIMILAR_CASES), ReleaseFile.SIMILAR_CASES) as arrays:
            return cls(**arrays)

    def nearest(
        self, embedding: np.ndarray, fingerprint: np.ndarray, group: str | None = None, count: int = NEIGHBOURS_SHOWN
    ) -> list[SimilarCase]:
        """Return the most similar training images, nearest first.

        Args:
            embedding: float32 (channels,), `Finding.embedding` of a radiograph.
            fingerprint: uint8 (HASH_BITS / 8,), perceptual hash of the same radiograph.
            group: Patient group of the radiograph, if known; images of this group are excluded.
            count: Maximum number of images to return.
        """
        distances = self.distances(embedding)
        order = np.argsort(distances, kind="stable")
        nearest = order[self.groups[order] != group][:count]
        is_duplicate = hash_distances(fingerprint, self.fingerprints[nearest]) <= DUPLICATE_MAX_BITS
        return [self._case(n, distances[n], copy) for n, copy in zip(nearest, is_duplicate, strict=True)]

    def distances(self, embedding: np.ndarray) -> np.ndarray:
        """Return the cosine distance from an embedding, float32 (channels,), to each training image: float32 (n,), 0-2.

        The index omits some axes, so distances are smaller than those over all channels. On the test split of the
        public data set, the median difference is 0.005 and the largest is 0.023; for the nearest five images, the
        median is 0.004. The median distance between two training images is 0.20.
        """
        query = (normalise(embedding[np.newaxis])[0] - self.centre) @ self._axes
        squared = self._squared_norms - 2 * np.einsum("nk,k->n", self._coordinates, query) + query @ query
        # For vectors of length 1, half the squared distance is 1 - cosine. Rounding may give less than 0.
        distances: np.ndarray = np.maximum(squared, 0) / 2
        return distances

    @cached_property
    def _axes(self) -> np.ndarray:
        return self.axes.astype(np.float32)

    @cached_property
    def _coordinates(self) -> np.ndarray:
        coordinates: np.ndarray = self.codes * self.scale
        return coordinates

    @cached_property
    def _squared_norms(self) -> np.ndarray:
        squared_norms: np.ndarray = (self._coordinates**2).sum(axis=1)
        return squared_norms

    def _case(self, n: int, distance: float, is_duplicate: bool) -> SimilarCase:
        file, label, cause, patient = (str(array[n]) for array in (self.files, self.labels, self.causes, self.patients))
        return SimilarCase(file, label, cause, patient, float(distance), bool(is_duplicate))


def normalise(embeddings: np.ndarray) -> np.ndarray:
    """Scale embeddings, float32 (n, channels), to length 1; an embedding of zeros stays zero."""
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    scaled: np.ndarray = np.divide(embeddings, length, out=np.zeros_like(embeddings), where=length > 0)
    return scaled
