"""Files of a release are verified or refused with a sentence; files and directories are replaced atomically."""

import contextlib
import hashlib
import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.errors import RESTORE_RELEASE_TEXT, ReleaseCorrupted, ReleaseError, ReleaseIncompatible, ReleaseMissing
from model.inference.release_loader import Release
from model.storage import (
    atomic_path,
    format_checksums,
    open_arrays,
    parse_checksums,
    recover_directory,
    replace_directory,
    sha256,
    swap_directories,
    write_checksums,
    write_json,
    write_text,
)
from tests.support.release_files import exactly

FILE, SUBJECT = "numbers.npz", "The numbers"
CORRUPTED = f"The trained model is not the one that was released: {FILE} has changed. {RESTORE_RELEASE_TEXT}"
INCOMPATIBLE = f"{SUBJECT} cannot be opened. {RESTORE_RELEASE_TEXT}"


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
    """A release that lists the file with the checksum that it has."""
    (folder / FILE).write_bytes(content)
    return replace(released, directory=folder, checksums={FILE: hashlib.sha256(content).hexdigest()})


def read_arrays(release: Release) -> dict[str, np.ndarray]:
    with open_arrays(release.read_file(FILE), SUBJECT) as arrays:
        return dict(arrays)


def test_arrays_are_read_as_they_were_released(released, tmp_path):
    arrays = read_arrays(release_with_file(released, tmp_path, CONTENT))

    assert arrays.keys() == {"low", "high", "texts"}
    np.testing.assert_array_equal(arrays["low"], np.arange(40))
    assert arrays["high"].dtype == np.float16
    assert arrays["texts"].tolist() == ["a", "bc"]


def test_a_missing_file_is_named(released, tmp_path):
    release = release_with_file(released, tmp_path, CONTENT)
    (tmp_path / FILE).unlink()

    message = f"The trained model is incomplete: {FILE} is missing. {RESTORE_RELEASE_TEXT}"
    with pytest.raises(ReleaseMissing, match=exactly(message)):
        read_arrays(release)


@pytest.mark.parametrize("altered", [CONTENT[:-1], CONTENT[:50], b"", CONTENT + b"\0", npz(low=np.arange(41))])
def test_an_altered_or_truncated_file_is_refused(released, tmp_path, altered):
    release = release_with_file(released, tmp_path, CONTENT)
    (tmp_path / FILE).write_bytes(altered)

    with pytest.raises(ReleaseCorrupted, match=exactly(CORRUPTED)):
        read_arrays(release)


def test_a_file_that_the_release_does_not_list_is_refused(released, tmp_path):
    release = release_with_file(released, tmp_path, CONTENT)
    release.checksums.clear()

    message = f"The trained model is incomplete: SHA256SUMS does not list {FILE}. {RESTORE_RELEASE_TEXT}"
    with pytest.raises(ReleaseMissing, match=exactly(message)):
        read_arrays(release)


# --- SHA256SUMS

DIGEST = "0123456789abcdef" * 4
LISTING = f"{DIGEST}  a.csv\n{DIGEST}  b\n"


def test_checksums_of_a_directory_are_those_of_sha256sum(tmp_path):
    for name in ("b", "A.md", "a.csv", "SHA256SUMS"):
        (tmp_path / name).write_bytes(name.encode())
    write_checksums(tmp_path)

    listing = (tmp_path / "SHA256SUMS").read_bytes()
    assert listing.decode() == format_checksums(tmp_path)
    assert list(parse_checksums(listing)) == ["A.md", "a.csv", "b"]
    subprocess.run(["sha256sum", "--check", "--strict", "--status", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_checksums_are_parsed():
    assert parse_checksums(LISTING.encode()) == {"a.csv": DIGEST, "b": DIGEST}


@pytest.mark.parametrize(
    "listing",
    [
        "",
        "\n",
        LISTING.removesuffix("\n"),
        LISTING + "\n",
        "\n" + LISTING,
        LISTING.replace("\n", "\r\n"),
        LISTING.upper(),
        LISTING.replace("  ", " "),
        LISTING.replace("  ", " *"),
        LISTING.replace("  ", "\t"),
        " " + LISTING,
        LISTING[1:],
        "0" + LISTING,
        f"\\{LISTING}",
        f"# comment\n{LISTING}",
        f"{DIGEST}  b\n{DIGEST}  a.csv\n",
        f"{DIGEST}  b\n{DIGEST}  b\n",
        f"{DIGEST}  ../b\n",
        f"{DIGEST}  /b\n",
        f"{DIGEST}  ..\n",
        f"{DIGEST}  .b\n",
        f"{DIGEST}  b c\n",
        f"{DIGEST}  b\0\n",
        f"{DIGEST}  \u00e4\n",
        f"{DIGEST}  \n",
        f"{DIGEST}  SHA256SUMS\n",
        "\ufeff" + LISTING,
    ],
)
def test_a_list_of_another_form_is_refused(listing):
    message = (
        "The trained model is not the one that was released: the list of its checksums (SHA256SUMS) is damaged. "
        f"{RESTORE_RELEASE_TEXT}"
    )
    with pytest.raises(ReleaseCorrupted, match=exactly(message)):
        parse_checksums(listing.encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(content):
    with contextlib.suppress(ReleaseCorrupted):
        checksums = parse_checksums(content)
        assert content == "".join(f"{sha}  {name}\n" for name, sha in checksums.items()).encode()


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
def test_a_file_that_was_released_broken_is_reported(released, tmp_path, content):
    release = release_with_file(released, tmp_path, content)

    with pytest.raises(ReleaseIncompatible, match=exactly(INCOMPATIBLE)):
        read_arrays(release)


def test_an_array_that_the_file_does_not_hold_is_reported():
    with pytest.raises(ReleaseIncompatible, match=exactly(INCOMPATIBLE)), open_arrays(CONTENT, SUBJECT) as arrays:
        _ = arrays["of another program"]


@given(position=st.integers(0, len(CONTENT) - 1), value=st.integers(0, 255))
@example(position=8, value=99)  # an unknown compression method
@example(position=6, value=1)  # encrypted
@settings(max_examples=300)
def test_any_damaged_byte_is_harmless_or_reported(released, tmp_path_factory, position, value):
    content = bytearray(CONTENT)
    content[position] = value
    release = release_with_file(released, tmp_path_factory.getbasetemp(), bytes(content))
    try:
        arrays = read_arrays(release)
    except ReleaseError as error:
        assert str(error) == INCOMPATIBLE  # noqa: PT017 - only some damage is noticed
    else:
        assert all(isinstance(array, np.ndarray) for array in arrays.values())


# --- atomic replacement


def directory(path: Path, content: str) -> Path:
    path.mkdir()
    (path / "file").write_text(content)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_swap_replaces_the_directory_and_leaves_nothing_else(tmp_path):
    final = directory(tmp_path / "final", "old")

    swap_directories(directory(tmp_path / "staged", "new"), final)

    assert (final / "file").read_text() == "new"
    assert names_in(tmp_path) == ["final"]


def test_a_swap_killed_between_its_renames_is_undone(tmp_path):
    directory(tmp_path / "final.old", "old")

    recover_directory(tmp_path / "final")

    assert (tmp_path / "final" / "file").read_text() == "old"
    assert names_in(tmp_path) == ["final"]


def test_a_swap_killed_after_its_renames_is_not_undone(tmp_path):
    directory(tmp_path / "final", "new")
    directory(tmp_path / "final.old", "old")

    recover_directory(tmp_path / "final")

    assert (tmp_path / "final" / "file").read_text() == "new"


def test_a_replacement_that_fails_keeps_the_old_directory(tmp_path):
    final = directory(tmp_path / "final", "old")

    def replace_half() -> None:
        with replace_directory(final) as staged:
            (staged / "file").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_half()

    assert (final / "file").read_text() == "old"
    assert names_in(tmp_path) == ["final"]


def test_a_replacement_starts_empty_after_one_that_was_killed(tmp_path):
    directory(tmp_path / "final.new", "half")

    with replace_directory(tmp_path / "final") as staged:
        assert names_in(staged) == []


def test_a_file_is_replaced_when_the_block_ends_and_keeps_its_suffix(tmp_path):
    path = tmp_path / "weights.keras"
    path.write_text("old")

    with atomic_path(path) as staged:
        assert (staged.parent, staged.suffix) == (tmp_path, ".keras")
        staged.write_text("new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert names_in(tmp_path) == ["weights.keras"]


def test_a_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path):
    path = tmp_path / "text"
    write_text(path, "old")

    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half \ud800")

    assert path.read_text() == "old"


def test_json_is_written_with_a_final_newline(tmp_path):
    write_json(tmp_path / "metrics.json", {"auc": 0.97})

    assert (tmp_path / "metrics.json").read_text() == '{\n  "auc": 0.97\n}\n'
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"auc": 0.97}


def test_nan_is_not_written_as_json(tmp_path):
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant"):
        write_json(tmp_path / "metrics.json", {"auc": float("nan")})

    assert names_in(tmp_path) == []


def test_the_checksum_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "empty").write_bytes(b"")

    assert sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
