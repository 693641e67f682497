"""The project's own release, and releases of which a file is missing, altered or out of place."""

import dataclasses
import hashlib
import shutil

import pytest

from model.errors import ReleaseCorrupted, ReleaseIncompatible, ReleaseMissing
from model.inference.classifier import Classifier
from model.inference.release_loader import RELEASE_DIR, load_release
from tests.support.release_files import (  # noqa: F401 (fixtures)
    ADVICE,
    DAMAGED,
    NETWORKS,
    describe,
    description,
    exactly,
    own_release,
    own_small_release,
)

# --- what is released is what is read


def test_the_projects_own_release_is_whole():
    release = load_release()

    listed = description(RELEASE_DIR)
    assert release.version == listed["version"]
    assert release.network == (RELEASE_DIR / "reader.tflite").read_bytes()
    assert release.lungs.network == (RELEASE_DIR / "lungs.tflite").read_bytes()
    assert release.side == listed["input"]["height"] == listed["input"]["width"]
    assert release.lungs.side == listed["lungs"]["side"]
    assert (release.view.part, release.view.margin) == (listed["view"]["part"], listed["view"]["margin"])
    assert release.digest == hashlib.sha256((RELEASE_DIR / "model.json").read_bytes()).hexdigest()
    assert release.operating_point() in release.operating_points
    assert release.training_prevalence == listed["training_prevalence"]
    assert dataclasses.asdict(release.conformal) == listed["conformal"]
    assert {path.name for path in RELEASE_DIR.iterdir()} >= {"model.json", *listed["files"]}
    Classifier(release)


def test_a_copy_elsewhere_is_as_good(directory):
    assert load_release(directory).network == load_release().network


def test_operating_points_are_had_by_name(small_directory):
    release = load_release(small_directory)
    for point in release.operating_points:
        assert release.operating_point(point.name) is point
    assert release.operating_point().name == release.default_operating_point
    with pytest.raises(KeyError, match="operating point 'none such': this release has"):
        release.operating_point("none such")


# --- missing and altered files


def test_nothing_there(tmp_path):
    for empty in (tmp_path, tmp_path / "no such folder"):
        with pytest.raises(
            ReleaseMissing, match=exactly(f"The trained model is incomplete: model.json is missing. {ADVICE}")
        ):
            load_release(empty)


def test_each_listed_file_is_missed(directory):
    for name in description(directory)["files"]:
        (directory / name).rename(directory / "away")
        message = f"The trained model is incomplete: {name} is missing. {ADVICE}"
        with pytest.raises(ReleaseMissing, match=exactly(message)):
            load_release(directory)
        (directory / "away").rename(directory / name)
    load_release(directory)


def test_one_byte_of_any_listed_file_is_noticed(directory):
    for name in description(directory)["files"]:
        whole = (directory / name).read_bytes()
        for position in (0, len(whole) // 2, len(whole) - 1):
            altered = bytearray(whole)
            altered[position] ^= 1
            (directory / name).write_bytes(altered)
            message = f"The trained model is not the one that was released: {name} has changed. {ADVICE}"
            with pytest.raises(ReleaseCorrupted, match=exactly(message)):
                load_release(directory)
        (directory / name).write_bytes(whole)
    load_release(directory)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_is_missing_or_altered_is_named(small_copy, name):
    (small_copy / name).write_bytes(b"another")
    altered = f"The trained model is not the one that was released: {name} has changed. {ADVICE}"
    with pytest.raises(ReleaseCorrupted, match=exactly(altered)):
        load_release(small_copy)
    (small_copy / name).unlink()
    missing = f"The trained model is incomplete: {name} is missing. {ADVICE}"
    with pytest.raises(ReleaseMissing, match=exactly(missing)):
        load_release(small_copy)


@pytest.mark.parametrize(
    "name", ["../outside", "../release/reader.tflite", "sub/file", "sub\\file", "..", ".", "", ".hidden", "a\n", "a\0b"]
)
def test_a_release_lists_files_of_its_own_folder_only(small_directory, tmp_path, name):
    directory = shutil.copytree(small_directory, tmp_path / "release")
    (tmp_path / "outside").write_bytes(b"whatever")
    (directory / "sub").mkdir()
    (directory / "sub" / "file").write_bytes(b"whatever")
    listed = description(directory)
    listed["files"][name] = hashlib.sha256(b"whatever").hexdigest()
    describe(directory, listed)
    with pytest.raises(ReleaseIncompatible, match=exactly(DAMAGED)):
        load_release(directory)


def test_an_absolute_name_is_refused_even_where_the_file_and_its_checksum_are_right(small_directory, tmp_path):
    directory = shutil.copytree(small_directory, tmp_path / "release")
    outside = tmp_path / "outside"
    outside.write_bytes(b"whatever")
    listed = description(directory)
    listed["files"][str(outside)] = hashlib.sha256(b"whatever").hexdigest()
    describe(directory, listed)
    with pytest.raises(ReleaseIncompatible, match=exactly(DAMAGED)):
        load_release(directory)
