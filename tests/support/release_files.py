"""Copies of the released model that tests may damage."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from model.inference.release_loader import RELEASE_DIR
from model.release_files import ReleaseFile
from model.storage import parse_checksums, write_checksums

NETWORK_FILES = (ReleaseFile.CLASSIFIER, ReleaseFile.LUNGS)


def read_description(directory: Path) -> dict[str, Any]:
    """Return the content of model.json."""
    return json.loads((directory / "model.json").read_text())


def write_description(directory: Path, content: dict[str, Any] | str) -> None:
    """Write model.json (a dictionary as JSON, a string as it is), and list the file with its actual checksum."""
    text = content if isinstance(content, str) else json.dumps(content)
    put_file(directory, ReleaseFile.DESCRIPTION, text.encode())


def read_checksums(directory: Path) -> dict[str, str]:
    """Return the checksum of each file in SHA256SUMS."""
    return parse_checksums((directory / ReleaseFile.CHECKSUMS).read_bytes())


def list_checksums(directory: Path, checksums: dict[str, str]) -> None:
    """Write SHA256SUMS with these names and checksums, even if the files in the directory differ."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(checksums.items())]
    (directory / ReleaseFile.CHECKSUMS).write_text("".join(lines))


def unlist(directory: Path, name: str) -> None:
    """Remove a file from SHA256SUMS, but not from the directory."""
    list_checksums(directory, {listed: sha for listed, sha in read_checksums(directory).items() if listed != name})


def put_file(directory: Path, name: str, content: bytes) -> None:
    """Write a file to a release and list the file with its actual checksum."""
    (directory / name).write_bytes(content)
    list_checksums(directory, read_checksums(directory) | {str(name): hashlib.sha256(content).hexdigest()})


def copy_release(directory: Path) -> Path:
    """Copy the released model without its Keras files, which are large and not needed for reading."""
    shutil.copytree(RELEASE_DIR, directory, ignore=shutil.ignore_patterns("*.keras"))
    write_checksums(directory)
    return directory


@pytest.fixture(name="directory")
def own_release(tmp_path):
    """Return a copy of the released model that a test may damage."""
    return copy_release(tmp_path / "release")


@pytest.fixture(scope="session")
def small_directory(tmp_path_factory):
    """Return a release with tiny networks, for tests that load model.json often. To modify it, use `small_copy`."""
    directory = copy_release(tmp_path_factory.mktemp("small") / "release")
    for name in NETWORK_FILES:
        put_file(directory, name, b"network")
    return directory


@pytest.fixture(name="small_copy")
def own_small_release(small_directory, tmp_path):
    """Return a copy of the small release that a test may damage."""
    return shutil.copytree(small_directory, tmp_path / "release")
