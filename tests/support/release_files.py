"""Copies of the released model that tests may damage, and the messages with which a damaged one is refused."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from model.inference.release_loader import RELEASE_DIR

RESTORE_TEXT = "Nothing is read with it. Restore the folder model/release from the project, or release the model again."
DAMAGED_TEXT = f"The description of the trained model (model.json) is damaged. {RESTORE_TEXT}"
NETWORK_FILES = ("reader.tflite", "lungs.tflite")


def exactly(message: str) -> str:
    """A pattern for `pytest.raises(match=...)` that matches this message and no other."""
    return f"^{re.escape(message)}$"


def read_description(directory: Path) -> dict[str, Any]:
    """Content of model.json."""
    return json.loads((directory / "model.json").read_text())


def write_description(directory: Path, content: dict[str, Any] | str) -> None:
    """Write model.json: a dictionary as JSON, a text as it is."""
    (directory / "model.json").write_text(content if isinstance(content, str) else json.dumps(content))


def put_file(directory: Path, name: str, content: bytes) -> None:
    """Write a file of a release and list it with the checksum that it has."""
    (directory / name).write_bytes(content)
    description = read_description(directory)
    description["files"][name] = hashlib.sha256(content).hexdigest()
    write_description(directory, description)


def copy_release(directory: Path) -> Path:
    """Copy the released model without its Keras files, which are large and which reading does not need."""
    shutil.copytree(RELEASE_DIR, directory, ignore=shutil.ignore_patterns("*.keras"))
    description = read_description(directory)
    files = {name: digest for name, digest in description["files"].items() if not name.endswith(".keras")}
    write_description(directory, description | {"files": files})
    return directory


@pytest.fixture(name="directory")
def own_release(tmp_path):
    """A copy of the released model that a test may damage."""
    return copy_release(tmp_path / "release")


@pytest.fixture(scope="session")
def small_directory(tmp_path_factory):
    """A release whose networks are a few bytes, for tests that load model.json often. Read only, see `small_copy`."""
    directory = copy_release(tmp_path_factory.mktemp("small") / "release")
    for name in NETWORK_FILES:
        put_file(directory, name, b"network")
    return directory


@pytest.fixture(name="small_copy")
def own_small_release(small_directory, tmp_path):
    """A copy of the small release that a test may damage."""
    return shutil.copytree(small_directory, tmp_path / "release")
