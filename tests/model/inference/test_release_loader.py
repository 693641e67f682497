"""The release that comes with the project, and releases with missing, changed or unlisted files."""

import copy
import dataclasses
import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

import model.inference.release_loader
import model.storage
from model.codes import Population
from model.errors import ReleaseCorrupted, ReleaseError, ReleaseMissing
from model.inference.classifier import Classifier, load_model
from model.inference.release_loader import (
    RELEASE_DIR,
    REQUIRED_FILES,
    load_release,
    shipped_digest,
    write_shipped_digest,
)
from model.messages import MessageCode
from model.release_files import ReleaseFile
from tests.support.messages import raises_message
from tests.support.populations import children_rules
from tests.support.release_files import (
    NETWORK_FILES,
    list_checksums,
    read_checksums,
    read_description,
    unlist,
    write_description,
)


def test_the_release_of_the_project_loads_as_described():
    release = load_release()

    content = read_description(RELEASE_DIR)
    assert release.version == content["version"]
    assert release.network == (RELEASE_DIR / ReleaseFile.CLASSIFIER).read_bytes()
    assert release.lungs.network == (RELEASE_DIR / ReleaseFile.LUNGS).read_bytes()
    assert release.side == content["input"]["height"] == content["input"]["width"]
    assert release.lungs.side == content["lungs"]["side"]
    region = release.input_region
    assert dataclasses.asdict(region) == content["input_region"]
    assert release.digest == hashlib.sha256((RELEASE_DIR / ReleaseFile.CHECKSUMS).read_bytes()).hexdigest()
    assert list(release.populations) == list(content["populations"]) == [Population.CHILDREN]
    rules, declared = children_rules(release), content["populations"]["children"]
    assert rules.operating_point() in rules.operating_points
    assert rules.operating_point().name == content["default_operating_point"]
    assert rules.training_prevalence == declared["training_prevalence"]
    assert dataclasses.asdict(rules.calibration).items() <= declared["calibration"].items()
    assert dataclasses.asdict(rules.conformal) == declared["conformal"]
    assert list(rules.years) == declared["years"] == [1, 5]
    assert {path.name for path in RELEASE_DIR.iterdir()} == set(ReleaseFile) == {*release.checksums, "SHA256SUMS"}
    assert release.is_shipped
    Classifier(release)


def test_load_model_opens_the_release_of_the_project_by_default():
    assert load_model().release.digest == load_release().digest


def test_load_model_opens_the_release_of_a_directory(directory):
    assert load_model(directory).release.directory == directory


def test_a_copy_in_another_directory_loads(directory):
    assert load_release(directory).network == load_release().network


def test_operating_points_are_found_by_name(small_directory):
    release = load_release(small_directory)
    rules = children_rules(release)
    for point in rules.operating_points:
        assert rules.operating_point(point.name) is point
    assert rules.operating_point().name == rules.default_operating_point
    assert release.operating_point_names == tuple(point.name for point in rules.operating_points)
    with pytest.raises(KeyError, match="operating point 'none such': this release has"):
        rules.operating_point("none such")


def test_every_population_of_a_release_has_its_own_rules(small_copy):
    content = read_description(small_copy)
    adults = copy.deepcopy(content["populations"]["children"]) | {"years": [18, 120], "training_prevalence": 0.25}
    adults["operating_points"][0]["threshold"] = 0.125
    content["populations"]["adults"] = adults
    write_description(small_copy, content)

    release = load_release(small_copy)

    assert list(release.populations) == [Population.CHILDREN, Population.ADULTS]
    rules = release.populations[Population.ADULTS]
    assert (rules.years, rules.training_prevalence, rules.operating_points[0].threshold) == ((18, 120), 0.25, 0.125)
    assert children_rules(release) == children_rules(load_release())


# --- missing and changed files


def test_a_missing_list_of_checksums_is_refused(tmp_path):
    for empty in (tmp_path, tmp_path / "no such folder"):
        with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_MISSING, file="SHA256SUMS"):
            load_release(empty)


def test_every_listed_file_must_exist(directory):
    for name in read_checksums(directory):
        (directory / name).rename(directory / "renamed")
        with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_MISSING, file=name):
            load_release(directory)
        (directory / "renamed").rename(directory / name)
    load_release(directory)


@pytest.mark.slow
def test_a_change_of_one_byte_in_any_listed_file_is_refused(directory):
    for name in read_checksums(directory):
        original = (directory / name).read_bytes()
        for position in (0, len(original) // 2, len(original) - 1):
            changed = bytearray(original)
            changed[position] ^= 1
            (directory / name).write_bytes(changed)
            with raises_message(ReleaseCorrupted, MessageCode.RELEASE_FILE_CHANGED, file=name):
                load_release(directory)
        (directory / name).write_bytes(original)
    load_release(directory)


@pytest.mark.parametrize("name", NETWORK_FILES)
def test_a_missing_or_changed_network_is_named(small_copy, name):
    (small_copy / name).write_bytes(b"another")
    with raises_message(ReleaseCorrupted, MessageCode.RELEASE_FILE_CHANGED, file=name):
        load_release(small_copy)
    (small_copy / name).unlink()
    with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_MISSING, file=name):
        load_release(small_copy)


def test_a_file_that_is_required_must_be_listed(small_copy):
    for name in REQUIRED_FILES:
        checksums = read_checksums(small_copy)
        unlist(small_copy, name)
        with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_UNLISTED, file=name):
            load_release(small_copy)
        list_checksums(small_copy, checksums)
    load_release(small_copy)


def test_a_file_that_is_not_listed_is_never_read(small_copy):
    unlist(small_copy, ReleaseFile.CURVES)
    release = load_release(small_copy)
    with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_UNLISTED, file="curves.csv"):
        release.read_file(ReleaseFile.CURVES)


@pytest.mark.parametrize("name", ["../outside", "sub/file", "/etc/hostname", "..", ".hidden", ".", "", "a b", "\u00e4"])
def test_a_name_that_could_leave_the_directory_is_refused_even_with_the_correct_checksum(small_copy, tmp_path, name):
    (tmp_path / "outside").write_bytes(b"whatever")
    (small_copy / "sub").mkdir()
    (small_copy / "sub" / "file").write_bytes(b"whatever")
    list_checksums(small_copy, read_checksums(small_copy) | {name: hashlib.sha256(b"whatever").hexdigest()})
    with raises_message(ReleaseCorrupted, MessageCode.RELEASE_FILE_DAMAGED, file="SHA256SUMS"):
        load_release(small_copy)


# --- flipped bits


def serve_from_memory(monkeypatch: pytest.MonkeyPatch, names: Iterable[str]) -> dict[str, bytes]:
    """Make `load_release` read these files from memory: the released model.json, and a few bytes for any other file."""
    files = {name: name.encode() for name in names}
    files[ReleaseFile.DESCRIPTION] = (RELEASE_DIR / ReleaseFile.DESCRIPTION).read_bytes()
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())]
    files[ReleaseFile.CHECKSUMS] = "".join(lines).encode()

    def read_file(_directory: Path, name: str) -> bytes:
        if name not in files:
            raise ReleaseMissing(MessageCode.RELEASE_FILE_MISSING, file=name)
        return files[name]

    monkeypatch.setattr(model.storage, "read_file", read_file)
    monkeypatch.setattr(model.inference.release_loader, "read_file", read_file)
    return files


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "names"),
    [
        (ReleaseFile.DESCRIPTION, REQUIRED_FILES),
        (ReleaseFile.CHECKSUMS, [name for name in ReleaseFile if name != ReleaseFile.CHECKSUMS]),
    ],
)
def test_a_flipped_bit_at_any_position_is_refused(monkeypatch, changed, names):
    files = serve_from_memory(monkeypatch, names)
    original = files[changed]
    assert load_release().version
    for position in range(8 * len(original)):
        flipped = bytearray(original)
        flipped[position // 8] ^= 1 << position % 8
        files[changed] = bytes(flipped)
        try:
            load_release()
        except ReleaseError:
            continue
        pytest.fail(f"bit {position % 8} of byte {position // 8} of {changed}")


# --- the release that the program comes with


def test_an_intact_release_with_another_digest_loads_but_is_not_the_shipped_one(small_copy):
    release = load_release(small_copy)
    assert release.digest != shipped_digest()
    assert not release.is_shipped


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_without_a_recorded_digest_no_release_is_the_shipped_one(small_copy, tmp_path, monkeypatch, content):
    recorded = tmp_path / "release.sha256"
    if content is not None:
        recorded.write_bytes(content)
    monkeypatch.setattr(model.inference.release_loader, "SHIPPED_DIGEST_FILE", recorded)
    assert not load_release(small_copy).is_shipped


@pytest.mark.slow
def test_a_recorded_release_is_the_shipped_one(small_copy, tmp_path, monkeypatch):
    monkeypatch.setattr(model.inference.release_loader, "SHIPPED_DIGEST_FILE", tmp_path / "release.sha256")
    write_shipped_digest(load_release(small_copy))
    assert load_release(small_copy).is_shipped
    subprocess.run(["sha256sum", "--check", "--status", "release.sha256"], cwd=tmp_path, check=True)
