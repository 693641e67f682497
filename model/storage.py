"""Arrays that a release keeps beside its networks, as NumPy's .npz."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from model.errors import ADVICE, ReleaseMismatch
from model.inference.release_loader import Release, verified_file

# What NumPy and zipfile say of bytes that are no .npz, and a caller of arrays that are not its own.
_UNFIT = (ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


@contextmanager
def released_arrays(release: Release, name: str, what: str) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of one .npz of a release, for a block that takes from them what it needs.

    Args:
        release: whose file it is.
        name: of the file.
        what: it holds, in the words that begin a sentence.

    Raises:
        ReleaseMissing: the file is not there.
        ReleaseAltered: it differs from the checksum that it was released with, or has none.
        ReleaseMismatch: it is no .npz, or holds other arrays than the block takes.
    """
    content = verified_file(release.directory, name, release.description["files"].get(name, ""))
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            yield arrays
    except _UNFIT as error:
        raise ReleaseMismatch(f"{what} cannot be opened. {ADVICE}") from error
