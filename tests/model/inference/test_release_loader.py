"""The project's own release, and releases with a missing, changed or misplaced file."""

import dataclasses
import hashlib
import shutil

import pytest

from model.errors import ReleaseCorrupted, ReleaseIncompatible, ReleaseMissing
from model.inference.classifier import Classifier, load_model
from model.inference.release_loader import RELEASE_DIR, load_release
from tests.support.release_files import (
    DAMAGED_TEXT,
    NETWORK_FILES,
    RESTORE_TEXT,
    exactly,
    read_description,
    write_description,
)


def test_the_own_release_loads_as_described():
    release = load_release()

    content = read_description(RELEASE_DIR)
    assert release.version == content["version"]
    assert release.network == (RELEASE_DIR / "reader.tflite").read_bytes()
    assert release.lungs.network == (RELEASE_DIR / "lungs.tflite").read_bytes()
    assert release.side == content["input"]["height"] == content["input"]["width"]
    assert release.lungs.side == content["lungs"]["side"]
    region = release.input_region
    assert {"part": region.kind, "margin": region.margin} == content["view"]
    assert release.digest == hashlib.sha256((RELEASE_DIR / "model.json").read_bytes()).hexdigest()
    assert release.operating_point() in release.operating_points
    assert release.training_prevalence == content["training_prevalence"]
    assert dataclasses.asdict(release.conformal) == content["conformal"]
    assert {path.name for path in RELEASE_DIR.iterdir()} >= {"model.json", *content["files"]}
    Classifier(release)


def test_load_model_opens_the_own_release_by_default():
    assert load_model().release.digest == load_release().digest


def test_load_model_opens_the_release_of_a_directory(directory):
    assert load_model(directory).release.directory == directory


def test_a_copy_in_another_directory_loads(directory):
    assert load_release(directory).network == load_release().network


def test_operating_points_are_found_by_name(small_directory):
    release = load_release(small_directory)
    for point in release.operating_points:
        assert release.operating_point(point.name) is point
    assert release.operating_point().name == release.default_operating_point
    with pytest.raises(KeyError, match="operating point 'none such': this release has"):
        release.operating_point("none such")


# --- missing and changed files


def test_a_missing_description_is_refused(tmp_path):
    for empty in (tmp_path, tmp_path / "no such folder"):
        with pytest.raises(
            ReleaseMissing, match=exactly(f"The trained model is incomplete: model.json is missing. {RESTORE_TEXT}")
        ):
            load_release(empty)


def test_every_listed_file_must_exist(directory):
    for name in read_description(directory)["files"]:
        (directory / name).rename(directory / "renamed")
        message = f"The trained model is incomplete: {name} is missing. {RESTORE_TEXT}"
        with pytest.raises(ReleaseMissing, match=exactly(message)):
            load_release(directory)
        (directory / "renamed").rename(directory / name)
    load_release(directory)


def test_a_change_of_one_byte_in_any_listed_file_is_refused(directory):
    for name in read_description(directory)["files"]:
        original = (directory / name).read_bytes()
        for position in (0, len(original) // 2, len(original) - 1):
            changed = bytearray(original)
            changed[position] ^= 1
            (directory / name).write_bytes(changed)
            message = f"The trained model is not the one that was released: {name} has changed. {RESTORE_TEXT}"
            with pytest.raises(ReleaseCorrupted, match=exactly(message)):
                load_release(directory)
        (directory / name).write_bytes(original)
    load_release(directory)


@pytest.mark.parametrize("name", NETWORK_FILES)
def test_a_missing_or_changed_network_is_named(small_copy, name):
    (small_copy / name).write_bytes(b"another")
    changed = f"The trained model is not the one that was released: {name} has changed. {RESTORE_TEXT}"
    with pytest.raises(ReleaseCorrupted, match=exactly(changed)):
        load_release(small_copy)
    (small_copy / name).unlink()
    missing = f"The trained model is incomplete: {name} is missing. {RESTORE_TEXT}"
    with pytest.raises(ReleaseMissing, match=exactly(missing)):
        load_release(small_copy)


@pytest.mark.parametrize(
    "name", ["../outside", "../release/reader.tflite", "sub/file", "sub\\file", "..", ".", "", ".hidden", "a\n", "a\0b"]
)
def test_a_name_that_could_leave_the_directory_is_refused(small_directory, tmp_path, name):
    directory = shutil.copytree(small_directory, tmp_path / "release")
    (tmp_path / "outside").write_bytes(b"whatever")
    (directory / "sub").mkdir()
    (directory / "sub" / "file").write_bytes(b"whatever")
    content = read_description(directory)
    content["files"][name] = hashlib.sha256(b"whatever").hexdigest()
    write_description(directory, content)
    with pytest.raises(ReleaseIncompatible, match=exactly(DAMAGED_TEXT)):
        load_release(directory)


def test_an_absolute_name_is_refused_even_with_the_right_checksum(small_directory, tmp_path):
    directory = shutil.copytree(small_directory, tmp_path / "release")
    outside = tmp_path / "outside"
    outside.write_bytes(b"whatever")
    content = read_description(directory)
    content["files"][str(outside)] = hashlib.sha256(b"whatever").hexdigest()
    write_description(directory, content)
    with pytest.raises(ReleaseIncompatible, match=exactly(DAMAGED_TEXT)):
        load_release(directory)
