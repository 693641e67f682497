"""A release is refused if it is for a different version of the program, or if its networks are not as described."""

import struct

import pytest

from model.errors import ReleaseIncompatible
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.classifier import Classifier
from model.inference.release_loader import FORMAT, load_release
from model.messages import MessageCode
from model.release_files import ReleaseFile
from tests.support.messages import raises_message
from tests.support.release_files import NETWORK_FILES, put_file, read_description, write_description


def assert_incompatible(directory, item: str, declared: object, expected: object) -> None:
    params = {"item": item, "declared": str(declared), "expected": str(expected)}
    with raises_message(ReleaseIncompatible, MessageCode.RELEASE_INCOMPATIBLE, **params):
        load_release(directory)


@pytest.mark.parametrize(
    ("part", "key", "value", "item", "expected"),
    [
        (None, "format", 2, "format", FORMAT),
        (None, "format", FORMAT + 1, "format", FORMAT),
        (None, "format", None, "format", FORMAT),
        (None, "labels", ["PNEUMONIA", "NORMAL"], "labels", ["NORMAL", "PNEUMONIA"]),
        (None, "labels", None, "labels", ["NORMAL", "PNEUMONIA"]),
        (None, "labels", 7, "labels", ["NORMAL", "PNEUMONIA"]),
        ("input", "resize", "nearest", "resize method", RESIZE_METHOD),
        ("input", "channels", 3, "channels", 1),
        ("input", "value_range", [0, 1], "value range", [0, 255]),
        ("input", "dtype", "uint8", "data type", "float32"),
    ],
)
def test_a_release_for_a_different_program_is_refused(small_copy, part, key, value, item, expected):
    content = read_description(small_copy)
    (content[part] if part else content)[key] = value
    write_description(small_copy, content)
    assert_incompatible(small_copy, item, value, expected)


@pytest.mark.parametrize("width", [1, None])
def test_a_release_whose_input_is_not_square_is_refused(small_copy, width):
    content = read_description(small_copy)
    content["input"]["width"] = width
    write_description(small_copy, content)
    assert_incompatible(small_copy, "width", width, content["input"]["height"])


@pytest.mark.parametrize("number", range(1, FORMAT))
def test_a_release_in_an_earlier_format_is_refused_for_its_format_even_if_keys_are_missing(small_copy, number):
    content = read_description(small_copy)
    for key in ("lungs", "input_region", "populations", "admission", "network"):
        del content[key]
    write_description(small_copy, content | {"format": number, "files": {}})
    assert_incompatible(small_copy, "format", number, FORMAT)


OPACITY_OUTPUT = {"opacity_map": [1, 12, 12]}
OPACITY_CONTOUR = {"opacity_map": {"contour": 0.4, "rationale": "By hand."}}


def declare_opacity_map(directory, outputs: dict, entries: dict) -> None:
    content = read_description(directory)
    content["outputs"] |= outputs
    write_description(directory, content | entries)


def test_the_contour_of_the_opacity_map_is_read_from_the_description(small_copy):
    assert load_release(small_copy).opacity_contour is None
    declare_opacity_map(small_copy, OPACITY_OUTPUT, OPACITY_CONTOUR)
    assert load_release(small_copy).opacity_contour == 0.4


@pytest.mark.parametrize(
    ("outputs", "entries"),
    [
        (OPACITY_OUTPUT, {}),
        ({}, OPACITY_CONTOUR),
        (OPACITY_OUTPUT, {"opacity_map": {"contour": 1.0, "rationale": "By hand."}}),
        (OPACITY_OUTPUT, {"opacity_map": {"contour": 0, "rationale": "By hand."}}),
        (OPACITY_OUTPUT, {"opacity_map": {"rationale": "By hand."}}),
    ],
    ids=["no contour", "no output", "contour 1", "contour 0", "only a rationale"],
)
def test_an_opacity_map_needs_an_output_and_a_contour_between_0_and_1(small_copy, outputs, entries):
    declare_opacity_map(small_copy, outputs, entries)
    with raises_message(ReleaseIncompatible, MessageCode.RELEASE_FILE_DAMAGED, file=ReleaseFile.DESCRIPTION):
        load_release(small_copy)


def test_a_network_without_the_opacity_map_that_is_declared_is_refused(directory):
    declare_opacity_map(directory, OPACITY_OUTPUT, OPACITY_CONTOUR)
    release = load_release(directory)
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_INCOMPATIBLE):
        Classifier(release)


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
def test_a_network_that_is_not_as_described_is_refused(directory, change):
    content = read_description(directory)
    change(content)
    write_description(directory, content)
    release = load_release(directory)
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_INCOMPATIBLE):
        Classifier(release)


def test_a_network_with_a_different_input_size_is_refused(directory):
    release = load_release(directory)
    declared, larger = (struct.pack("<5i", 4, 1, side, side, 1) for side in (release.side, release.side + 32))
    assert declared in release.network  # the shape of the input, as stored in the LiteRT file
    put_file(directory, ReleaseFile.CLASSIFIER, release.network.replace(declared, larger))
    changed = load_release(directory)
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_INCOMPATIBLE):
        Classifier(changed)


def test_swapped_networks_are_refused(directory):
    release = load_release(directory)
    put_file(directory, ReleaseFile.CLASSIFIER, release.lungs.network)
    put_file(directory, ReleaseFile.LUNGS, release.network)
    changed = load_release(directory)
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_INCOMPATIBLE):
        Classifier(changed)


@pytest.mark.parametrize("name", NETWORK_FILES)
@pytest.mark.parametrize("length", [0, 1000, -1000])
def test_a_truncated_network_is_refused(directory, name, length):
    put_file(directory, name, (directory / name).read_bytes()[:length])
    release = load_release(directory)
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_UNUSABLE):
        Classifier(release)
