"""Arrays of a release: as they were released, or refused with a sentence."""

import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.errors import RESTORE_RELEASE_TEXT, ReleaseCorrupted, ReleaseError, ReleaseIncompatible, ReleaseMissing
from model.inference.release_loader import Release, load_release
from model.storage import released_arrays

FILE, WHAT = "numbers.npz", "The numbers"


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


CONTENT = npz(low=np.arange(40), high=np.linspace(0, 1, 9, dtype=np.float16), words=np.array(["a", "bc"]))


@pytest.fixture(scope="module")
def released() -> Release:
    return load_release()


def holding(released: Release, folder: Path, content: bytes) -> Release:
    """A release that lists the file with the checksum that it has."""
    (folder / FILE).write_bytes(content)
    listed = released.description | {"files": {FILE: hashlib.sha256(content).hexdigest()}}
    return replace(released, directory=folder, description=listed)


def read(release: Release) -> dict[str, np.ndarray]:
    with released_arrays(release, FILE, WHAT) as arrays:
        return dict(arrays)


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


def test_arrays_come_as_they_were_released(released, tmp_path):
    arrays = read(holding(released, tmp_path, CONTENT))

    assert arrays.keys() == {"low", "high", "words"}
    np.testing.assert_array_equal(arrays["low"], np.arange(40))
    assert arrays["high"].dtype == np.float16
    assert arrays["words"].tolist() == ["a", "bc"]


def test_a_missing_file_is_named(released, tmp_path):
    release = holding(released, tmp_path, CONTENT)
    (tmp_path / FILE).unlink()

    with pytest.raises(
        ReleaseMissing, match=exactly(f"The trained model is incomplete: {FILE} is missing. {RESTORE_RELEASE_TEXT}")
    ):
        read(release)


ALTERED = f"The trained model is not the one that was released: {FILE} has changed. {RESTORE_RELEASE_TEXT}"


@pytest.mark.parametrize("altered", [CONTENT[:-1], CONTENT[:50], b"", CONTENT + b"\0", npz(low=np.arange(41))])
def test_an_altered_or_truncated_file_is_refused(released, tmp_path, altered):
    release = holding(released, tmp_path, CONTENT)
    (tmp_path / FILE).write_bytes(altered)

    with pytest.raises(ReleaseCorrupted, match=exactly(ALTERED)):
        read(release)


def test_a_file_that_the_release_does_not_list_is_refused(released, tmp_path):
    release = holding(released, tmp_path, CONTENT)
    release.description["files"].clear()

    with pytest.raises(ReleaseCorrupted, match=exactly(ALTERED)):
        read(release)


UNFIT = f"{WHAT} cannot be opened. {RESTORE_RELEASE_TEXT}"


def pickled() -> bytes:
    file = io.BytesIO()
    np.savez(file, low=np.array([{}], object))
    return file.getvalue()


def lone_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(3))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"no arrays", CONTENT[:-1], CONTENT[: len(CONTENT) // 2], lone_array(), pickled()],
    ids=["empty", "text", "end missing", "half", "one array", "pickled"],
)
def test_a_file_that_was_released_broken_is_told(released, tmp_path, content):
    release = holding(released, tmp_path, content)

    with pytest.raises(ReleaseIncompatible, match=exactly(UNFIT)):
        read(release)


def test_arrays_other_than_the_reader_takes_are_told(released, tmp_path):
    def take(release: Release) -> np.ndarray:
        with released_arrays(release, FILE, WHAT) as arrays:
            return arrays["of another program"]

    release = holding(released, tmp_path, CONTENT)
    with pytest.raises(ReleaseIncompatible, match=exactly(UNFIT)):
        take(release)


@given(place=st.integers(0, len(CONTENT) - 1), value=st.integers(0, 255))
@example(place=8, value=99)  # a compression that nobody knows
@example(place=6, value=1)  # encrypted
@settings(max_examples=300)
def test_any_damage_is_harmless_or_told(released, tmp_path_factory, place, value):
    content = bytearray(CONTENT)
    content[place] = value
    release = holding(released, tmp_path_factory.getbasetemp(), bytes(content))
    try:
        arrays = read(release)
    except ReleaseError as error:
        assert str(error) == UNFIT  # noqa: PT017 - only some damage is noticed
    else:
        assert all(isinstance(one, np.ndarray) for one in arrays.values())
