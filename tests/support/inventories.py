"""Image inventories for tests."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dataset.quality.features import ImageInventory
from model.codes import Label, Population, SplitName
from model.imaging.perceptual_hash import HASH_BITS

CAUSES = {Label.NORMAL: "none", Label.PNEUMONIA: "viral"}


def make_inventory(
    images: Sequence[dict], embeddings: np.ndarray | None = None, fingerprints: np.ndarray | None = None, **fields
) -> ImageInventory:
    """Make an inventory.

    Args:
        images: Columns of `ImageInventory.rows` for each image. By default, an image is normal, is in the training
            split and comes from a separate patient.
        embeddings: By default, orthogonal vectors.
        fingerprints: By default, random and therefore all different.
        fields: Other fields of the inventory.
    """
    count = len(images)
    rows = []
    for n, columns in enumerate(images):
        label = columns.get("label", Label.NORMAL)
        defaults = {
            "file": f"{n}.jpeg",
            "patient": f"patient {n}",
            "group": columns.get("patient", f"patient {n}"),
            "folder": "test" if columns.get("split") == SplitName.TEST else "train",
            "split": SplitName.TRAINING,
            "label": label,
            "cause": CAUSES[label],
            "probability": 0.5,
            "intensity": 120.0,
            "contrast": 50.0,
            "height": 224,
            "width": 224,
            "lungs_found": True,
            "content": str(n),
            "population": str(Population.CHILDREN),
        }
        rows.append(defaults | columns)
    rng = np.random.default_rng(count)
    return ImageInventory(
        pd.DataFrame(rows),
        np.eye(count, dtype=np.float32) if embeddings is None else embeddings,
        rng.integers(0, 256, (count, HASH_BITS // 8), np.uint8) if fingerprints is None else fingerprints,
        fields.pop("sums", {}),
        **fields,
    )


def with_bits_changed(fingerprint: np.ndarray, count: int) -> np.ndarray:
    """Return a copy of a perceptual hash, uint8 (HASH_BITS / 8,), with `count` changed bits."""
    bits = np.unpackbits(fingerprint)
    bits[:count] ^= 1
    return np.packbits(bits)
