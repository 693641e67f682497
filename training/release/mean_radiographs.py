"""What the release keeps of the data set for those who have no pictures: mean radiographs."""

from pathlib import Path

import numpy as np

from dataset.explorer.mean_radiographs import MEANS
from dataset.quality.features import Survey
from model.file_replacement import written_whole

LEAST = 100  # pictures: a mean of fewer could be told for a picture of somebody


def save_means(survey: Survey, folder: Path) -> None:
    """Write the mean training radiograph of each cause, "none" being the normal films, of at least LEAST pictures."""
    means = {}
    for split, cause in survey.sums:
        if split != "training":
            continue
        mean, count = survey.mean_picture(split, cause)
        if count >= LEAST:
            means |= {f"{cause}_mean": mean.astype(np.float16), f"{cause}_count": np.array(count)}
    with written_whole(folder / MEANS) as beside:
        np.savez_compressed(beside, **means)
