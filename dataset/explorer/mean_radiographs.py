"""Mean radiographs of the training pictures, which a release keeps for those who have no pictures."""

from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np

from model.inference.release_loader import Release
from model.release_files import ReleaseFile
from model.storage import open_arrays

SATURATING_DIFFERENCE = (
    40.0  # grey levels of difference: hardly a pixel of the two classes differs by more (2 of 10,000)
)
_DENSER, _LIGHTER = np.array([217.0, 115.0, 13.0]), np.array([61.0, 139.0, 217.0])  # orange, blue: told apart by all
PNEUMONIA_GROUPS = {"bacterial": "PNEUMONIA, bacterial", "viral": "PNEUMONIA, viral", "unknown": "PNEUMONIA"}
GROUP_NAMES = {"none": "NORMAL", **PNEUMONIA_GROUPS}


@dataclass(frozen=True, eq=False)
class MeanRadiograph:
    """Mean of the working pictures of n films: float32 (side, side), 0-255, bright = dense."""

    pixels: np.ndarray
    n: int

    def pooled(self, other: Self) -> Self:
        """The mean of both groups of films together."""
        n = self.n + other.n
        return type(self)((self.pixels * self.n + other.pixels * other.n) / np.float32(n), n)


def difference_image(first: MeanRadiograph, second: MeanRadiograph) -> np.ndarray:
    """Where two means differ, on one scale for all pairs.

    Returns:
        uint8 (side, side, 3): white where they are alike, towards orange where the first is denser, towards blue where
        the second is; the full colour from FULL_COLOUR grey levels on.
    """
    share = np.clip((first.pixels - second.pixels) / SATURATING_DIFFERENCE, -1, 1)[..., np.newaxis]
    colour = np.where(share > 0, _DENSER, _LIGHTER)
    return np.rint(255 + np.abs(share) * (colour - 255)).astype(np.uint8)


def load_mean_radiographs(release: Release) -> dict[str, MeanRadiograph]:
    """Mean radiographs by title: NORMAL, each cause of pneumonia, and PNEUMONIA unless one named cause alone is kept.

    Raises:
        ReleaseError: the file is missing, altered, or not what this program understands.
    """
    with open_arrays(release.read_file(ReleaseFile.MEAN_RADIOGRAPHS), "The mean radiographs") as arrays:
        means = {
            title: MeanRadiograph(arrays[f"{cause}_mean"].astype(np.float32), int(arrays[f"{cause}_count"]))
            for cause, title in GROUP_NAMES.items()
            if f"{cause}_mean" in arrays
        }
    if len(of_pneumonia := [means[title] for title in PNEUMONIA_GROUPS.values() if title in means]) > 1:
        means["PNEUMONIA"] = reduce(MeanRadiograph.pooled, of_pneumonia)
    return means
