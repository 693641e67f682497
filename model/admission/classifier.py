"""Admission classifier: a two-layer network for hand-crafted features, and limits for single features.

The network is loaded from the file `admission.npz` of a release, the limits from "admission" in `model.json`. Both are
fitted by `training.admission.fit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from model.admission.features import ASYMMETRY_SIDE, ImageMeasures, feature_count
from model.codes import RefusalReason
from model.inference.release_loader import Release
from model.release_files import ReleaseFile
from model.storage import open_arrays

ADMISSIBLE = "fine"  # class of images that may be read; the other classes are refusal reasons
ADMISSION_CLASSES = (
    ADMISSIBLE,
    RefusalReason.ROTATED,
    RefusalReason.INVERTED,
    RefusalReason.CROPPED,
    RefusalReason.NO_LUNGS,
    RefusalReason.NOT_A_RADIOGRAPH,
    RefusalReason.NO_CONTRAST,
)
# Field of TwoLayerNetwork -> array in admission.npz.
NETWORK_ARRAYS = {
    "hidden_weights": "hidden",
    "hidden_bias": "hidden_bias",
    "output_weights": "output",
    "output_bias": "output_bias",
}
MIRROR_ARRAY = "mirror_weights"  # in admission.npz
# Fields of AdmissionClassifier that are stored in model.json under "admission".
LIMIT_NAMES = (
    "min_admissible_probability",
    "min_second_lung_area",
    "min_lung_distance",
    "max_lung_offset",
    "min_detail",
    "max_detail",
    "max_neighbour_distance",
    "max_mirror_score",
)


@dataclass(frozen=True, eq=False)
class TwoLayerNetwork:
    """Network with one hidden layer of rectified linear units; float32, hidden weights float16.

    Attributes:
        hidden_weights: (features, units).
        hidden_bias: (units,).
        output_weights: (units, classes), with the classes in the order of ADMISSION_CLASSES.
        output_bias: (classes,).
    """

    hidden_weights: np.ndarray
    hidden_bias: np.ndarray
    output_weights: np.ndarray
    output_bias: np.ndarray

    def probability(self, features: np.ndarray) -> np.ndarray:
        """Return the probability of each class in ADMISSION_CLASSES.

        Args:
            features: float32 (..., features), see `model.admission.features.extract_features`.

        Returns:
            float32 (..., classes), 0-1.
        """
        hidden = np.maximum(features @ self._hidden_weights + self.hidden_bias, 0)
        logits = hidden @ self.output_weights + self.output_bias
        exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
        probability: np.ndarray = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return probability

    @cached_property
    def _hidden_weights(self) -> np.ndarray:
        """Hidden weights as float32, cached because the conversion takes longer than the layer itself."""
        return self.hidden_weights.astype(np.float32)


@dataclass(frozen=True, eq=False)
class AdmissionClassifier:
    """Decides from features and measures whether an image may be read. Each limit is a float32 array of shape ().

    Attributes:
        network: Network that classifies the features.
        mirror_weights: float32 (values,), weights of the values from `model.admission.features.asymmetry`.
        max_mirror_score: Weighted sum above which left and right are considered swapped.
        min_admissible_probability: Probability of ADMISSIBLE below which an image is refused.
        min_second_lung_area: Lower limit of `ImageMeasures.second_lung_area`.
        min_lung_distance: Lower limit of `ImageMeasures.horizontal_distance`.
        max_lung_offset: Upper limit of `ImageMeasures.vertical_offset`.
        min_detail: Lower limit of `ImageMeasures.detail`; a blurred image is below it.
        max_detail: Upper limit of `ImageMeasures.detail`; a noisy image is above it.
        max_neighbour_distance: Upper limit of the mean distance between an image and its nearest training images.
    """

    network: TwoLayerNetwork
    mirror_weights: np.ndarray
    max_mirror_score: np.ndarray
    min_admissible_probability: np.ndarray
    min_second_lung_area: np.ndarray
    min_lung_distance: np.ndarray
    max_lung_offset: np.ndarray
    min_detail: np.ndarray
    max_detail: np.ndarray
    max_neighbour_distance: np.ndarray

    @classmethod
    def from_release(cls, release: Release) -> Self:
        """Load the admission classifier of a release.

        Raises:
            ReleaseError: The file is missing, changed, or in a different format.
        """
        content = release.read_file(ReleaseFile.ADMISSION)
        with open_arrays(content, ReleaseFile.ADMISSION) as arrays:
            return cls.from_parts(dict(arrays), release.description["admission"], feature_count(release))

    @classmethod
    def from_parts(cls, arrays: Mapping[str, np.ndarray], limits: Mapping[str, Any], n_features: int) -> Self:
        """Create an admission classifier from its parts; `to_arrays` and `limits` are the inverse.

        Args:
            arrays: Arrays of admission.npz, named as in NETWORK_ARRAYS and MIRROR_ARRAY.
            limits: Value of each name in LIMIT_NAMES; other keys are ignored.
            n_features: Number of features of the release.

        Raises:
            ValueError: An array is missing, unknown, not finite or of the wrong shape; or a limit is not an exact
                float32 number.
            KeyError: A limit is missing.
        """
        _check_arrays(arrays, n_features)
        network = TwoLayerNetwork(**{field: arrays[name] for field, name in NETWORK_ARRAYS.items()})
        return cls(network, arrays[MIRROR_ARRAY], **{name: _limit(name, limits[name]) for name in LIMIT_NAMES})

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of admission.npz by name."""
        network: dict[str, np.ndarray] = {name: getattr(self.network, field) for field, name in NETWORK_ARRAYS.items()}
        return network | {MIRROR_ARRAY: self.mirror_weights}

    def limits(self) -> dict[str, float]:
        """Return the limits by name, as in "admission" in model.json; each is the exact value of the float32 limit."""
        return {name: float(getattr(self, name)) for name in LIMIT_NAMES}

    def is_admissible(self, probability: np.ndarray) -> bool:
        """Return whether an image may be read, given the probability of each class in ADMISSION_CLASSES."""
        return bool(probability[0] >= self.min_admissible_probability)

    def has_plausible_lungs(self, measures: ImageMeasures) -> bool:
        """Return whether there are two lungs of normal size, side by side."""
        return bool(
            measures.second_lung_area >= self.min_second_lung_area
            and measures.horizontal_distance >= self.min_lung_distance
            and measures.vertical_offset <= self.max_lung_offset
        )

    def is_low_quality(self, measures: ImageMeasures) -> bool:
        """Return whether an image is more blurred or noisier than is usual for a chest radiograph."""
        return not self.min_detail <= measures.detail <= self.max_detail

    def is_mirrored(self, asymmetry: np.ndarray) -> bool:
        """Return whether left and right appear to be swapped; see `model.admission.features.asymmetry`."""
        return bool(asymmetry @ self.mirror_weights > self.max_mirror_score)


def _limit(name: str, value: Any) -> np.ndarray:
    """Return a limit from model.json as a float32 array of shape ().

    Raises:
        ValueError: The value is not a finite number, or float32 cannot represent it exactly.
    """
    with np.errstate(over="ignore"):  # a number beyond the range of float32 becomes infinite
        limit = np.asarray(value if isinstance(value, float) else np.nan, np.float32)
    if not np.isfinite(limit) or float(limit) != value:
        raise ValueError(f"{name} must be a finite float32 number, got {value!r}")
    return limit


def _check_arrays(arrays: Mapping[str, np.ndarray], n_features: int) -> None:
    names = {*NETWORK_ARRAYS.values(), MIRROR_ARRAY}
    if arrays.keys() != names:
        raise ValueError(f"arrays must be {sorted(names)}, got {sorted(arrays)}")
    n_classes, n_units = len(ADMISSION_CLASSES), arrays["hidden_bias"].size
    shapes = {
        "hidden": (n_features, n_units),
        "hidden_bias": (n_units,),
        "output": (n_units, n_classes),
        "output_bias": (n_classes,),
        MIRROR_ARRAY: (ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2,),
    }
    for name, array in arrays.items():
        if array.shape != shapes[name]:
            raise ValueError(f"{name} must have the shape {shapes[name]}, got {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite")
