"""Manual lung masks of the training images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset.index import LabelledImage
from model.errors import TrainingError


def images_with_mask(records: Sequence[LabelledImage], folder: Path) -> list[LabelledImage]:
    """Return the images that have a mask, <stem>.png, in the folder.

    Raises:
        TrainingError: No image has a mask.
    """
    masked = [record for record in records if _mask_path(record, folder).is_file()]
    if not masked:
        raise TrainingError(
            f"{folder} contains no mask for an image in the data set. --masks takes a folder with masks that are named "
            "like the images, <stem>.png."
        )
    return masked


def load_masks(records: Sequence[LabelledImage], folder: Path, side: int) -> np.ndarray:
    """Load and resize the masks of images that have one.

    Returns:
        uint8 (n, side, side, 1), 0 or 255.

    Raises:
        TrainingError: A mask cannot be read.
    """
    masks = [
        _load_mask(_mask_path(record, folder), side) for record in tqdm(records, "masks", unit="mask", leave=False)
    ]
    return np.stack(masks)[..., np.newaxis]


def _mask_path(record: LabelledImage, folder: Path) -> Path:
    return folder / f"{record.path.stem}.png"


def _load_mask(path: Path, side: int) -> np.ndarray:
    try:
        with Image.open(path) as mask:
            coverage = np.asarray(mask.convert("L").resize((side, side), Image.Resampling.BOX))
    except OSError as error:
        raise TrainingError(f"The mask {path} cannot be read. Replace or remove it.") from error
    return np.where(coverage >= 128, 255, 0).astype(np.uint8)
