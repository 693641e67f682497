"""Mean radiographs of a release, which illustrate the data set for users who do not have it."""

from pathlib import Path

import numpy as np

from dataset.quality.features import ImageInventory
from model.codes import Population, SplitName
from model.release_files import ReleaseFile
from model.storage import write_arrays

MIN_IMAGES = 100  # with fewer images, a single patient might be recognisable in the mean


def save_mean_radiographs(inventory: ImageInventory, folder: Path) -> None:
    """Write, atomically, the mean training image for each cause of the children that has at least MIN_IMAGES images.

    The cause of normal images is "none". Adults are left out, as in `training.release.similar_case_index.build_index`.
    """
    is_child = inventory.rows["population"] == Population.CHILDREN
    causes = set(inventory.rows.loc[is_child, "cause"])
    arrays: dict[str, np.ndarray] = {}
    for split, cause in inventory.sums:
        if split != SplitName.TRAINING or cause not in causes:
            continue
        mean, count = inventory.mean_image(split, cause)
        if count >= MIN_IMAGES:
            arrays |= {f"{cause}_mean": mean.astype(np.float16), f"{cause}_count": np.array(count)}
    write_arrays(folder / ReleaseFile.MEAN_RADIOGRAPHS, arrays)
