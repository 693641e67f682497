"""What the release keeps of the data set for those who have no pictures: mean radiographs."""

from pathlib import Path

import numpy as np

from dataset.quality.features import ImageInventory
from model.release_files import ReleaseFile
from model.storage import atomic_path

MIN_IMAGES = 100  # pictures: a mean of fewer could be told for a picture of somebody


def save_mean_radiographs(survey: ImageInventory, folder: Path) -> None:
    """Write the mean training radiograph of each cause, "none" being the normal films, of at least LEAST pictures."""
    means = {}
    for split, cause in survey.sums:
        if split != "training":
            continue
        mean, count = survey.mean_picture(split, cause)
        if count >= MIN_IMAGES:
            means |= {f"{cause}_mean": mean.astype(np.float16), f"{cause}_count": np.array(count)}
    with atomic_path(folder / ReleaseFile.MEAN_RADIOGRAPHS) as beside:
        np.savez_compressed(beside, **means)
