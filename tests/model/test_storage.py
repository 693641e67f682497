"""Files of a release are verified, and NumPy archives are opened or refused."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.errors import ReleaseCorrupted, ReleaseError, ReleaseIncompatible, ReleaseMissing
from model.inference.release_loader import Release
from model.messages import Message, MessageCode
from model.storage import open_arrays
from tests.support.messages import raises_message

FILE = "numbers.npz"


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


CONTENT = npz(low=np.arange(40), high=np.linspace(0, 1, 9, dtype=np.float16), texts=np.array(["a", "bc"]))


# --- verified files


@pytest.fixture(scope="module")
def released(classifier) -> Release:
    return classifier.release


def release_with_file(released: Release, folder: Path, content: bytes) -> Release:
    """Return a release that lists the file with its actual checksum."""
    (folder / FILE).write_bytes(content)
    return replace(released, directory=folder, checksums={FILE: hashlib.sha256(content).hexdigest()})


def read_arrays(release: Release) -> dict[str, np.ndarray]:
    with open_arrays(release.read_file(FILE), FILE) as arrays:
        return dict(arrays)


def test_arrays_are_read_as_released(released, tmp_path):
    arrays = read_arrays(release_with_file(released, tmp_path, CONTENT))

    assert arrays.keys() == {"low", "high", "texts"}
    np.testing.assert_array_equal(arrays["low"], np.arange(40))
    assert arrays["high"].dtype == np.float16
    assert arrays["texts"].tolist() == ["a", "bc"]


def test_a_missing_file_is_named(released, tmp_path):
    release = release_with_file(released, tmp_path, CONTENT)
    (tmp_path / FILE).unlink()

    with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_MISSING, file=FILE):
        read_arrays(release)


@pytest.mark.parametrize("altered", [CONTENT[:-1], CONTENT[:50], b"", CONTENT + b"\0", npz(low=np.arange(41))])
def test_an_altered_or_truncated_file_is_refused(released, tmp_path, altered):
    release = release_with_file(released, tmp_path, CONTENT)
    (tmp_path / FILE).write_bytes(altered)

    with raises_message(ReleaseCorrupted, MessageCode.RELEASE_FILE_CHANGED, file=FILE):
        read_arrays(release)


def test_a_file_that_the_release_does_not_list_is_refused(released, tmp_path):
    release = release_with_file(released, tmp_path, CONTENT)
    release.checksums.clear()

    with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_UNLISTED, file=FILE):
        read_arrays(release)


# --- NumPy archives


def pickled() -> bytes:
    file = io.BytesIO()
    np.savez(file, low=np.array([{}], object))
    return file.getvalue()


def single_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(3))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"no arrays", CONTENT[:-1], CONTENT[: len(CONTENT) // 2], single_array(), pickled()],
    ids=["empty", "text", "end missing", "half", "single array", "pickled"],
)
def test_an_invalid_file_with_a_correct_checksum_is_refused(released, tmp_path, content):
    release = release_with_file(released, tmp_path, content)

    with raises_message(ReleaseIncompatible, MessageCode.RELEASE_FILE_DAMAGED, file=FILE):
        read_arrays(release)


def test_an_array_that_is_not_in_the_file_is_reported():
    refused = raises_message(ReleaseIncompatible, MessageCode.RELEASE_FILE_DAMAGED, file=FILE)
    with refused, open_arrays(CONTENT, FILE) as arrays:
        _ = arrays["missing"]


@pytest.mark.slow
@given(position=st.integers(0, len(CONTENT) - 1), value=st.integers(0, 255))
@example(position=8, value=99)  # an unknown compression method
@example(position=6, value=1)  # encrypted
@settings(max_examples=3 * settings.default.max_examples)
def test_a_damaged_byte_at_any_position_is_harmless_or_reported(released, tmp_path_factory, position, value):
    content = bytearray(CONTENT)
    content[position] = value
    release = release_with_file(released, tmp_path_factory.getbasetemp(), bytes(content))
    try:
        arrays = read_arrays(release)
    except ReleaseError as error:
        expected = (Message(MessageCode.RELEASE_FILE_DAMAGED, {"file": FILE}),)
        assert error.messages == expected  # noqa: PT017 - only some damage is detected
    else:
        assert all(isinstance(array, np.ndarray) for array in arrays.values())
