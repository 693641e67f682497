"""Image inventories with chosen content."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dataset.quality.features import ImageInventory
from model.imaging.perceptual_hash import HASH_BITS

CAUSES = {"NORMAL": "none", "PNEUMONIA": "viral"}


def make_inventory(
    images: Sequence[dict], embeddings: np.ndarray | None = None, fingerprints: np.ndarray | None = None, **fields
) -> ImageInventory:
    """Make an inventory.

    Args:
        images: Columns of `ImageInventory.rows` per image. By default, an image is normal, in training and of a patient
            of its own.
        embeddings: By default, orthogonal vectors.
        fingerprints: By default, random, so that all images are different.
        fields: Other fields of the inventory.
    """
    count = len(images)
    rows = []
    for n, columns in enumerate(images):
        label = columns.get("label", "NORMAL")
        defaults = {
            "file": f"{n}.jpeg",
            "patient": f"patient {n}",
            "group": columns.get("patient", f"patient {n}"),
            "folder": "test" if columns.get("split") == "test" else "train",
            "split": "training",
            "label": label,
            "cause": CAUSES[label],
            "probability": 0.5,
            "intensity": 120.0,
            "contrast": 50.0,
            "height": 224,
            "width": 224,
            "lungs_found": True,
            "content": str(n),
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
    """Return a perceptual hash, uint8 (HASH_BITS / 8,), that differs in `count` bits."""
    bits = np.unpackbits(fingerprint)
    bits[:count] ^= 1
    return np.packbits(bits)
