"""Surveys made by hand, for what is computed from them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dataset.quality.features import ImageInventory
from model.imaging.perceptual_hash import HASH_BITS

CAUSES = {"NORMAL": "none", "PNEUMONIA": "viral"}


def survey_of(
    pictures: Sequence[dict], embeddings: np.ndarray | None = None, fingerprints: np.ndarray | None = None, **more
) -> ImageInventory:
    """A survey of pictures of which only what matters need be told; unless told, each is unlike all others.

    pictures: columns of `ImageInventory.rows_of`. Unless told, each is of a patient of their own, normal, and for training.
    """
    count = len(pictures)
    rows = []
    for n, told in enumerate(pictures):
        label = told.get("label", "NORMAL")
        usual = {
            "file": f"{n}.jpeg",
            "patient": f"patient {n}",
            "group": told.get("patient", f"patient {n}"),
            "folder": "test" if told.get("split") == "test" else "train",
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
        rows.append(usual | told)
    rng = np.random.default_rng(count)
    return ImageInventory(
        pd.DataFrame(rows),
        np.eye(count, dtype=np.float32) if embeddings is None else embeddings,
        rng.integers(0, 256, (count, HASH_BITS // 8), np.uint8) if fingerprints is None else fingerprints,
        more.pop("sums", {}),
        **more,
    )


def with_bits_changed(fingerprint: np.ndarray, count: int) -> np.ndarray:
    """A fingerprint, uint8 (BITS / 8,), that differs in so many bits."""
    bits = np.unpackbits(fingerprint)
    bits[:count] ^= 1
    return np.packbits(bits)
