"""Manual lung masks of the training images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset.index import LabelledImage
from model.errors import DatasetError


def _mask_path(record: LabelledImage, masks: Path) -> Path:
    return masks / f"{record.path.stem}.png"


def images_with_mask(records: Sequence[LabelledImage], masks: Path) -> list[LabelledImage]:
    found = [record for record in records if _mask_path(record, masks).is_file()]
    if not found:
        raise DatasetError(
            f"{masks} holds no mask named as a picture of the set. --masks takes the folder of the masks."
        )
    return found


def load_masks(records: Sequence[LabelledImage], masks: Path, size: int) -> np.ndarray:
    """uint8 (n, size, size, 1), 0 or 255."""
    fields = [_load_mask(_mask_path(record, masks), size) for record in tqdm(records, "masks", leave=False)]
    return np.stack(fields)[..., np.newaxis]


def _load_mask(path: Path, size: int) -> np.ndarray:
    try:
        with Image.open(path) as mask:
            shares = np.asarray(mask.convert("L").resize((size, size), Image.Resampling.BOX))
    except OSError as error:
        raise DatasetError(f"The mask {path} cannot be read. Replace or remove it.") from error
    return np.where(shares >= 128, 255, 0).astype(np.uint8)
