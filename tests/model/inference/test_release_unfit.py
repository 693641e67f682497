"""A release for another version of the program, or with networks other than described, is refused."""

import struct

import pytest

from model.errors import ReleaseIncompatible
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from tests.support.release_files import (
    NETWORK_FILES,
    RESTORE_TEXT,
    exactly,
    put_file,
    read_description,
    write_description,
)

UNFITTING_TEXT = f"The trained network and its description do not fit each other. {RESTORE_TEXT}"


def assert_incompatible(directory, problem: str) -> None:
    with pytest.raises(
        ReleaseIncompatible, match=exactly(f"The trained model does not fit this program: {problem}. {RESTORE_TEXT}")
    ):
        load_release(directory)


@pytest.mark.parametrize(
    ("part", "key", "value", "problem"),
    [
        (None, "format", 2, "format is 2, expected 6"),
        (None, "format", 7, "format is 7, expected 6"),
        (None, "format", None, "format is None, expected 6"),
        (
            None,
            "labels",
            ["PNEUMONIA", "NORMAL"],
            "labels is ['PNEUMONIA', 'NORMAL'], expected ['NORMAL', 'PNEUMONIA']",
        ),
        (None, "labels", None, "labels is None, expected ['NORMAL', 'PNEUMONIA']"),
        (None, "labels", 7, "labels is 7, expected ['NORMAL', 'PNEUMONIA']"),
        ("input", "resize", "nearest", f"resize method is nearest, expected {RESIZE_METHOD}"),
        ("input", "channels", 3, "channels is 3, expected 1"),
        ("input", "value_range", [0, 1], "value range is [0, 1], expected [0, 255]"),
        ("input", "dtype", "uint8", "data type is uint8, expected float32"),
    ],
)
def test_a_release_for_another_program_is_refused(small_copy, part, key, value, problem):
    content = read_description(small_copy)
    (content[part] if part else content)[key] = value
    write_description(small_copy, content)
    assert_incompatible(small_copy, problem)


@pytest.mark.parametrize("width", [1, None])
def test_a_release_with_an_input_that_is_no_square_is_refused(small_copy, width):
    content = read_description(small_copy)
    content["input"]["width"] = width
    write_description(small_copy, content)
    assert_incompatible(small_copy, f"width is {width}, expected {content['input']['height']}")


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_release_of_a_former_format_is_refused_by_its_format_whatever_else_it_lacks(small_copy, number):
    content = read_description(small_copy)
    for key in ("lungs", "input_region", "conformal", "training_prevalence", "admission", "network"):
        del content[key]
    write_description(small_copy, content | {"format": number, "files": {}})
    assert_incompatible(small_copy, f"format is {number}, expected 6")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["input"].update({side: content["input"][side] + 32 for side in ("height", "width")}),
        lambda content: content["lungs"].update(side=content["lungs"]["side"] + 32),
        lambda content: content["lungs"].update(side=0),
        lambda content: content["outputs"].pop("embedding"),
        lambda content: content["outputs"].update(logit=[1, 2]),
        lambda content: content["outputs"].update(class_activation_map=[1, 49]),
    ],
    ids=["other side", "other side for lungs", "no side for lungs", "no embedding", "two logits", "flat map"],
)
def test_a_network_other_than_described_is_refused(directory, change):
    content = read_description(directory)
    change(content)
    write_description(directory, content)
    release = load_release(directory)
    with pytest.raises(ReleaseIncompatible, match=exactly(UNFITTING_TEXT)):
        Classifier(release)


def test_a_network_of_another_input_size_is_refused(directory):
    release = load_release(directory)
    declared, larger = (struct.pack("<5i", 4, 1, side, side, 1) for side in (release.side, release.side + 32))
    assert declared in release.network  # the shape of the input, as the LiteRT file holds it
    put_file(directory, ReleaseFile.CLASSIFIER, release.network.replace(declared, larger))
    changed = load_release(directory)
    with pytest.raises(ReleaseIncompatible, match=exactly(UNFITTING_TEXT)):
        Classifier(changed)


def test_exchanged_networks_are_refused(directory):
    release = load_release(directory)
    put_file(directory, ReleaseFile.CLASSIFIER, release.lungs.network)
    put_file(directory, ReleaseFile.LUNGS, release.network)
    changed = load_release(directory)
    with pytest.raises(ReleaseIncompatible, match=exactly(UNFITTING_TEXT)):
        Classifier(changed)


@pytest.mark.parametrize("name", NETWORK_FILES)
@pytest.mark.parametrize("length", [0, 1000, -1000])
def test_a_truncated_network_is_refused(directory, name, length):
    put_file(directory, name, (directory / name).read_bytes()[:length])
    release = load_release(directory)
    with pytest.raises(ReleaseIncompatible, match=exactly(f"The trained network cannot be opened. {RESTORE_TEXT}")):
        Classifier(release)
