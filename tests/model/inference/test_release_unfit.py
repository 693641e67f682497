"""A release made for another program, or whose networks are not those that it describes, is refused."""

import struct

import pytest

from model.errors import ReleaseIncompatible
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from tests.support.release_files import (  # noqa: F401 (fixtures)
    ADVICE,
    NETWORKS,
    describe,
    description,
    exactly,
    own_release,
    own_small_release,
    put,
)

UNFITTING = f"The trained network and its description do not fit each other. {ADVICE}"


def refused_as_unfit(directory, problem: str) -> None:
    with pytest.raises(
        ReleaseIncompatible, match=exactly(f"The trained model does not fit this program: {problem}. {ADVICE}")
    ):
        load_release(directory)


@pytest.mark.parametrize(
    ("part", "key", "value", "problem"),
    [
        (None, "format", 2, "format is 2, expected 5"),
        (None, "format", 6, "format is 6, expected 5"),
        (None, "format", None, "format is None, expected 5"),
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
def test_a_release_for_another_program(small_copy, part, key, value, problem):
    listed = description(small_copy)
    (listed[part] if part else listed)[key] = value
    describe(small_copy, listed)
    refused_as_unfit(small_copy, problem)


@pytest.mark.parametrize("width", [1, None])
def test_a_release_whose_pictures_are_no_squares(small_copy, width):
    listed = description(small_copy)
    listed["input"]["width"] = width
    describe(small_copy, listed)
    refused_as_unfit(small_copy, f"width is {width}, expected {listed['input']['height']}")


def test_a_release_of_the_first_format_is_refused_by_its_format(small_copy):
    """It had one network, read the whole picture, and knew nothing of views."""
    listed = description(small_copy)
    listed["format"] = 1
    listed["input"]["resize"] = "bilinear, antialiased, sides independently"
    del listed["lungs"], listed["view"], listed["files"]["lungs.tflite"]
    describe(small_copy, listed)
    (small_copy / "lungs.tflite").unlink()
    refused_as_unfit(small_copy, "format is 1, expected 5")


def test_a_release_of_the_second_format_is_refused_by_its_format(small_copy):
    """It had no conformal limits, and its prevalence was told to people alone."""
    listed = description(small_copy)
    listed["format"] = 2
    del listed["conformal"], listed["training_prevalence"]
    describe(small_copy, listed)
    refused_as_unfit(small_copy, "format is 2, expected 5")


def test_a_release_of_the_third_format_is_refused_by_its_format(small_copy):
    """It had no index of similar cases."""
    listed = description(small_copy)
    listed["format"] = 3
    del listed["files"]["lookalikes.npz"]
    describe(small_copy, listed)
    refused_as_unfit(small_copy, "format is 3, expected 5")


def test_a_release_of_the_fourth_format_is_refused_by_its_format(small_copy):
    """It had no check of what may be read."""
    listed = description(small_copy)
    listed["format"] = 4
    listed["files"].pop("admission.npz", None)
    describe(small_copy, listed)
    refused_as_unfit(small_copy, "format is 4, expected 5")


@pytest.mark.parametrize(
    "change",
    [
        lambda listed: listed["input"].update({side: listed["input"][side] + 32 for side in ("height", "width")}),
        lambda listed: listed["lungs"].update(side=listed["lungs"]["side"] + 32),
        lambda listed: listed["lungs"].update(side=0),
        lambda listed: listed["outputs"].pop("embedding"),
        lambda listed: listed["outputs"].update(logit=[1, 2]),
        lambda listed: listed["outputs"].update(class_activation_map=[1, 49]),
    ],
    ids=["other side", "other side for lungs", "no side for lungs", "no embedding", "two logits", "flat map"],
)
def test_a_network_that_is_not_the_one_described(directory, change):
    listed = description(directory)
    change(listed)
    describe(directory, listed)
    release = load_release(directory)
    with pytest.raises(ReleaseIncompatible, match=exactly(UNFITTING)):
        Classifier(release)


def test_a_swapped_network_of_another_size(directory):
    release = load_release(directory)
    declared, other = (struct.pack("<5i", 4, 1, side, side, 1) for side in (release.side, release.side + 32))
    assert declared in release.network  # the shape of the input, as the LiteRT file holds it
    put(directory, "reader.tflite", release.network.replace(declared, other))
    swapped = load_release(directory)
    with pytest.raises(ReleaseIncompatible, match=exactly(UNFITTING)):
        Classifier(swapped)


def test_networks_in_each_others_place(directory):
    release = load_release(directory)
    put(directory, "reader.tflite", release.lungs.network)
    put(directory, "lungs.tflite", release.network)
    swapped = load_release(directory)
    with pytest.raises(ReleaseIncompatible, match=exactly(UNFITTING)):
        Classifier(swapped)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("length", [0, 1000, -1000])
def test_a_file_that_is_no_network(directory, name, length):
    put(directory, name, (directory / name).read_bytes()[:length])
    release = load_release(directory)
    with pytest.raises(ReleaseIncompatible, match=exactly(f"The trained network cannot be opened. {ADVICE}")):
        Classifier(release)
