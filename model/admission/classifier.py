"""What a release has learned to tell a chest radiograph by: a small network on the signs, and limits of plain measures.

A file of the release, `admission.npz`, written by `training.admission.fit`.
"""

import io
import zipfile
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

import numpy as np

from model.admission.features import ASYMMETRY_SIDE, ImageMeasures, feature_count
from model.codes import RefusalReason
from model.errors import RESTORE_RELEASE_TEXT, ReleaseIncompatible
from model.inference.release_loader import Release
from model.release_files import ReleaseFile

ADMISSIBLE = "fine"  # the kind of a picture that may be read; the other kinds are codes of a refusal
ADMISSION_CLASSES = (
    ADMISSIBLE,
    RefusalReason.ROTATED,
    RefusalReason.INVERTED,
    RefusalReason.CROPPED,
    RefusalReason.NO_LUNGS,
    RefusalReason.NOT_A_RADIOGRAPH,
    RefusalReason.NO_CONTRAST,
)


@dataclass(frozen=True, eq=False)
class TwoLayerNetwork:
    """A network of one hidden layer with rectifier, on the signs; float32 or float16.

    hidden: (signs, units), hidden_bias: (units,); kinds: (units, KINDS), kinds_bias: (KINDS,).
    """

    hidden: np.ndarray
    hidden_bias: np.ndarray
    kinds: np.ndarray
    kinds_bias: np.ndarray

    def probability(self, signs: np.ndarray) -> np.ndarray:
        """Probability of each of KINDS, float32 (.., KINDS), of signs, float32 (.., signs)."""
        hidden = np.maximum(signs @ self._hidden + self.hidden_bias, 0)
        logits = hidden @ self.kinds + self.kinds_bias
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return shares / shares.sum(axis=-1, keepdims=True)

    @cached_property
    def _hidden(self) -> np.ndarray:
        """At full width once, for it takes longer than the layer does."""
        return self.hidden.astype(np.float32)


@dataclass(frozen=True, eq=False)
class AdmissionClassifier(TwoLayerNetwork):
    """The network, what tells left from right, and the limits, each of shape ().

    mirror: (sides,); the sides, weighted by it, sum to more than most_mirrored where left and right are swapped.
    least_fine: probability of FINE under which a picture is refused.
    least_field, least_apart, most_level: of lung fields, see `model.admission.features.ImageMeasures`; beyond them they are no lungs.
    least_detail, most_detail: beyond them a picture is blurred or noisy.
    most_distance: mean distance of the nearest training pictures beyond which a picture is unfamiliar.
    """

    mirror: np.ndarray
    most_mirrored: np.ndarray
    least_fine: np.ndarray
    least_field: np.ndarray
    least_apart: np.ndarray
    most_level: np.ndarray
    least_detail: np.ndarray
    most_detail: np.ndarray
    most_distance: np.ndarray

    @classmethod
    def from_release(cls, release: Release) -> Self:
        """Open the checks of a release.

        Raises:
            ReleaseError: they are missing, altered, or not what this program understands.
        """
        content = release.read_file(ReleaseFile.ADMISSION)
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                checks = cls(**arrays)
            checks._verify(feature_count(release))
        except (ValueError, TypeError, zipfile.BadZipFile) as error:
            raise ReleaseIncompatible(
                f"The check of what may be read cannot be opened. {RESTORE_RELEASE_TEXT}"
            ) from error
        return checks

    def _verify(self, signs: int) -> None:
        units, limit = self.hidden_bias.size, ()
        shapes = {"hidden": (signs, units), "hidden_bias": (units,), "kinds": (units, len(ADMISSION_CLASSES))}
        shapes |= {"kinds_bias": (len(ADMISSION_CLASSES),), "mirror": (ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2,)}
        for field in fields(self):
            array = getattr(self, field.name)
            if array.shape != shapes.get(field.name, limit) or not np.isfinite(array).all():
                raise ValueError(f"{field.name}: finite numbers of another shape expected, got {array.shape}")

    def is_admissible(self, probability: np.ndarray) -> bool:
        """Whether a picture with these probabilities of KINDS may be read."""
        return bool(probability[0] >= self.least_fine)

    def has_plausible_lungs(self, measures: ImageMeasures) -> bool:
        """Whether there are two lungs of usual size, side by side."""
        large, apart = measures.second >= self.least_field, measures.apart >= self.least_apart
        return bool(large and apart and measures.level <= self.most_level)

    def is_low_quality(self, measures: ImageMeasures) -> bool:
        """Whether a picture is more blurred, or noisier, than films are."""
        return not self.least_detail <= measures.detail <= self.most_detail

    def is_mirrored(self, sides: np.ndarray) -> bool:
        """Whether left and right seem to be swapped."""
        return bool(sides @ self.mirror > self.most_mirrored)
