"""Perceptual hash of a radiograph: copies of the same film have nearly equal hashes, different films do not.

Distances on the public data set, in bits of 256: copies that were compressed, scaled, brightened or cropped by 1% of
their sides are at most 30 apart (99% of 300 films, ten changes), copies at the original size at most 6 (40 films), and
the two most similar films that are not copies are 38 apart.
"""

import imagehash
import numpy as np
from PIL import Image

HASH_SIDE = 16  # rows and columns of low frequencies whose signs are kept
HASH_BITS = HASH_SIDE * HASH_SIDE
DUPLICATE_MAX_BITS = 30  # two images up to this distance are taken for copies of the same film


def perceptual_hash(image: np.ndarray) -> np.ndarray:
    """Compute the perceptual hash of a working image.

    Discrete cosine transform, low frequencies, each above or below their median (ImageHash's `phash`).

    Args:
        image: float32 (side, side), 0-255.

    Returns:
        uint8 (HASH_BITS / 8,), packed bits.
    """
    grey = Image.fromarray(np.clip(np.rint(image), 0, 255).astype(np.uint8))
    return np.packbits(imagehash.phash(grey, hash_size=HASH_SIDE).hash.ravel())


def hash_distances(query: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Count the bits in which a hash differs from each of several others.

    Args:
        query: uint8 (HASH_BITS / 8,).
        hashes: uint8 (n, HASH_BITS / 8).

    Returns:
        int (n,), Hamming distances.
    """
    query, hashes = (np.ascontiguousarray(packed).view(np.uint64) for packed in (query, hashes))  # 8 bytes at a time
    # `sum` is twice as slow along such a short axis.
    distances: np.ndarray = np.einsum("nk->n", np.bitwise_count(np.bitwise_xor(query, hashes)), dtype=int)
    return distances
