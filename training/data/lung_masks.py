"""Manual lung masks of the training images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset.index import LabelledImage
from model.errors import DatasetError


def images_with_mask(records: Sequence[LabelledImage], folder: Path) -> list[LabelledImage]:
    """Return the images that have a mask, <stem>.png, in the folder.

    Raises:
        DatasetError: No image has a mask.
    """
    masked = [record for record in records if _mask_path(record, folder).is_file()]
    if not masked:
        raise DatasetError(
            f"{folder} holds no mask named as a picture of the set. --masks takes the folder of the masks."
        )
    return masked


def load_masks(records: Sequence[LabelledImage], folder: Path, side: int) -> np.ndarray:
    """Load and resize the masks of images that have one.

    Returns:
        uint8 (n, side, side, 1), 0 or 255.

    Raises:
        DatasetError: A mask cannot be read.
    """
    masks = [_load_mask(_mask_path(record, folder), side) for record in tqdm(records, "masks", leave=False)]
    return np.stack(masks)[..., np.newaxis]


def _mask_path(record: LabelledImage, folder: Path) -> Path:
    return folder / f"{record.path.stem}.png"


def _load_mask(path: Path, side: int) -> np.ndarray:
    try:
        with Image.open(path) as mask:
            coverage = np.asarray(mask.convert("L").resize((side, side), Image.Resampling.BOX))
    except OSError as error:
        raise DatasetError(f"The mask {path} cannot be read. Replace or remove it.") from error
    return np.where(coverage >= 128, 255, 0).astype(np.uint8)
