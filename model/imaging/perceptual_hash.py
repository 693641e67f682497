"""Perceptual hash of a radiograph: copies of one film have nearly the same, other films do not.

Fingerprint distance on the public set, in bits of 256: copies that were compressed, scaled, brightened or cropped by a
hundredth of their sides lie 30 apart at most (99 % of 300 films, ten changes), the original size 6 at most (40 films),
and the two most alike films that are not copies 38.
"""

import imagehash
import numpy as np
from PIL import Image

HASH_SIDE = 16  # of the square of low frequencies whose signs are kept
HASH_BITS = HASH_SIDE * HASH_SIDE
DUPLICATE_MAX_BITS = 30  # bits: up to this distance two pictures are taken for copies of one film


def perceptual_hash(working: np.ndarray) -> np.ndarray:
    """The perceptual hash of a working picture, float32 (side, side), 0-255: uint8 (BITS / 8,), packed bits.

    Discrete cosine transform, low frequencies, each above or below their median (ImageHash's `phash`).
    """
    grey = Image.fromarray(np.clip(np.rint(working), 0, 255).astype(np.uint8))
    return np.packbits(imagehash.phash(grey, hash_size=HASH_SIDE).hash.ravel())


def hash_distances(one: np.ndarray, many: np.ndarray) -> np.ndarray:
    """In how many bits a fingerprint, uint8 (BITS / 8,), differs from each of many, (n, BITS / 8): int (n,)."""
    one, many = (np.ascontiguousarray(bits).view(np.uint64) for bits in (one, many))  # eight bytes at a time
    # `sum` takes twice as long along an axis as short as this one.
    return np.einsum("nk->n", np.bitwise_count(np.bitwise_xor(one, many)), dtype=int)
