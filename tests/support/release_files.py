"""Copies of the project's own release that tests may spoil, and what is said where one is not accepted."""

import hashlib
import json
import re
import shutil

import pytest

from model.inference.release_loader import RELEASE_DIR

ADVICE = "Nothing is read with it. Restore the folder model/release from the project, or release the model again."
DAMAGED = f"The description of the trained model (model.json) is damaged. {ADVICE}"
NETWORKS = ("reader.tflite", "lungs.tflite")


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


def description(directory) -> dict:
    return json.loads((directory / "model.json").read_text())


def describe(directory, text) -> None:
    (directory / "model.json").write_text(text if isinstance(text, str) else json.dumps(text))


def put(directory, name: str, content: bytes) -> None:
    """Write a file of a release and list it with the checksum that it has."""
    (directory / name).write_bytes(content)
    listed = description(directory)
    listed["files"][name] = hashlib.sha256(content).hexdigest()
    describe(directory, listed)


def copied_release(directory):
    """The project's own release without its Keras files, which are large and play no part in reading."""
    shutil.copytree(RELEASE_DIR, directory, ignore=shutil.ignore_patterns("*.keras"))
    listed = description(directory)
    listed["files"] = {name: digest for name, digest in listed["files"].items() if not name.endswith(".keras")}
    describe(directory, listed)
    return directory


@pytest.fixture(name="directory")
def own_release(tmp_path):
    """A copy of the project's own release that a test may spoil."""
    return copied_release(tmp_path / "release")


@pytest.fixture(scope="session")
def small_directory(tmp_path_factory):
    """A release whose networks are a few bytes: what is tried often on model.json alone need not read the true ones.

    Not to be changed, see `own_small_release`.
    """
    directory = copied_release(tmp_path_factory.mktemp("small") / "release")
    for name in NETWORKS:
        put(directory, name, b"network")
    return directory


@pytest.fixture(name="small_copy")
def own_small_release(small_directory, tmp_path):
    """A copy of the small release that a test may spoil."""
    return shutil.copytree(small_directory, tmp_path / "release")
