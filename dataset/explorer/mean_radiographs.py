"""Mean radiographs of the training images. They are part of a release, so the data set is not needed."""

from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np

from model.codes import Label
from model.inference.release_loader import Release
from model.release_files import ReleaseFile
from model.storage import open_arrays

# Grey levels at which the colour saturates. The means of the two classes differ by more in 2 out of 10,000 pixels.
SATURATING_DIFFERENCE = 40.0
# Orange and blue, because people with colour vision deficiencies can distinguish them.
_DENSER_COLOUR = np.array([217.0, 115.0, 13.0])
_LIGHTER_COLOUR = np.array([61.0, 139.0, 217.0])
_PNEUMONIA_TITLES = {
    "bacterial": f"{Label.PNEUMONIA}, bacterial",
    "viral": f"{Label.PNEUMONIA}, viral",
    "unknown": str(Label.PNEUMONIA),
}
_TITLES = {"none": str(Label.NORMAL), **_PNEUMONIA_TITLES}  # by cause


@dataclass(frozen=True, eq=False)
class MeanRadiograph:
    """Mean of the working images of several radiographs.

    Attributes:
        pixels: float32 (side, side), 0-255, bright = dense.
        n: Number of radiographs.
    """

    pixels: np.ndarray
    n: int

    def pooled(self, other: Self) -> Self:
        """Return the mean of all radiographs in both groups."""
        n = self.n + other.n
        return type(self)((self.pixels * self.n + other.pixels * other.n) / np.float32(n), n)


def difference_image(first: MeanRadiograph, second: MeanRadiograph) -> np.ndarray:
    """Draw the difference between two means. The colour scale is the same for all pairs.

    Returns:
        uint8 (side, side, 3). Equal pixels are white, pixels that are denser in the first mean are orange, pixels that
        are denser in the second are blue. The colour saturates at `SATURATING_DIFFERENCE` grey levels.
    """
    strength = np.clip((first.pixels - second.pixels) / SATURATING_DIFFERENCE, -1, 1)[..., np.newaxis]
    colour = np.where(strength > 0, _DENSER_COLOUR, _LIGHTER_COLOUR)
    image: np.ndarray = np.rint(255 + np.abs(strength) * (colour - 255)).astype(np.uint8)
    return image


def load_mean_radiographs(release: Release) -> dict[str, MeanRadiograph]:
    """Load the mean radiographs of a release.

    Returns:
        Means by title: NORMAL, each cause of pneumonia, and all PNEUMONIA, unless the release has only one cause.

    Raises:
        ReleaseError: The file is missing, altered or invalid.
    """
    content = release.read_file(ReleaseFile.MEAN_RADIOGRAPHS)
    with open_arrays(content, ReleaseFile.MEAN_RADIOGRAPHS) as arrays:
        means = {
            title: MeanRadiograph(arrays[f"{cause}_mean"].astype(np.float32), int(arrays[f"{cause}_count"]))
            for cause, title in _TITLES.items()
            if f"{cause}_mean" in arrays
        }
    pneumonia_means = [means[title] for title in _PNEUMONIA_TITLES.values() if title in means]
    if len(pneumonia_means) > 1:
        means[str(Label.PNEUMONIA)] = reduce(MeanRadiograph.pooled, pneumonia_means)
    return means
