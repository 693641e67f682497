import dataclasses
import hashlib
import json
import re
import shutil
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.errors import ReleaseAltered, ReleaseError, ReleaseMismatch, ReleaseMissing
from model.preprocess import RESIZE_METHOD
from model.reader import Reader
from model.release import RELEASE_DIR, Calibration, Release, load_release
from model.view import Part, View

ADVICE = "Nothing is read with it. Restore the folder model/release from the project, or release the model again."
DAMAGED = f"The description of the trained model (model.json) is damaged. {ADVICE}"
UNFITTING = f"The trained network and its description do not fit each other. {ADVICE}"
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


@pytest.fixture
def directory(tmp_path):
    return copied_release(tmp_path / "release")


@pytest.fixture(scope="module")
def small_directory(tmp_path_factory):
    """A release whose networks are a few bytes: what is tried often on model.json alone need not read the true ones."""
    directory = copied_release(tmp_path_factory.mktemp("small") / "release")
    for name in NETWORKS:
        put(directory, name, b"network")
    return directory


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
    Reader(release)


def test_a_copy_elsewhere_is_as_good(directory):
    assert load_release(directory).network == load_release().network


def test_operating_points_are_had_by_name(small_directory):
    release = load_release(small_directory)
    for point in release.operating_points:
        assert release.operating_point(point.name) is point
    assert release.operating_point().name == release.default_operating_point
    with pytest.raises(KeyError, match="operating point 'none such': this release has"):
        release.operating_point("none such")


# --- calibration


def test_a_probability_is_the_sigmoid_of_the_calibrated_logit():
    probability = Calibration(slope=2.0, intercept=1.0).probability(np.array([-0.5, 0.0, 1.0]))

    np.testing.assert_allclose(probability, [0.5, 1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-3))])


@given(logit=st.floats(-1e300, 1e300), slope=st.floats(-50, 50), intercept=st.floats(-50, 50))
@example(logit=-1e300, slope=1.0, intercept=0.0)
@example(logit=1e300, slope=1.0, intercept=0.0)
def test_no_logit_is_too_large_for_a_probability(logit, slope, intercept):
    assert 0 <= Calibration(slope, intercept).probability(logit) <= 1  # an overflow would warn: warnings are errors


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
            with pytest.raises(ReleaseAltered, match=exactly(message)):
                load_release(directory)
        (directory / name).write_bytes(whole)
    load_release(directory)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_is_missing_or_altered_is_named(small_copy, name):
    (small_copy / name).write_bytes(b"another")
    altered = f"The trained model is not the one that was released: {name} has changed. {ADVICE}"
    with pytest.raises(ReleaseAltered, match=exactly(altered)):
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
    with pytest.raises(ReleaseMismatch, match=exactly(DAMAGED)):
        load_release(directory)


def test_an_absolute_name_is_refused_even_where_the_file_and_its_checksum_are_right(small_directory, tmp_path):
    directory = shutil.copytree(small_directory, tmp_path / "release")
    outside = tmp_path / "outside"
    outside.write_bytes(b"whatever")
    listed = description(directory)
    listed["files"][str(outside)] = hashlib.sha256(b"whatever").hexdigest()
    describe(directory, listed)
    with pytest.raises(ReleaseMismatch, match=exactly(DAMAGED)):
        load_release(directory)


# --- a description that cannot be understood


def refused_as_damaged(directory) -> None:
    with pytest.raises(ReleaseMismatch, match=exactly(DAMAGED)):
        load_release(directory)


@pytest.fixture
def small_copy(small_directory, tmp_path):
    return shutil.copytree(small_directory, tmp_path / "release")


@pytest.mark.parametrize("text", ["", "model", "[]", "null", "3", '"model"', "{}", '{"files": []}', "[" * 100_000])
def test_json_of_another_kind(small_copy, text):
    describe(small_copy, text)
    refused_as_damaged(small_copy)


def test_bytes_that_are_no_text(small_copy):
    (small_copy / "model.json").write_bytes(b"\xff\xfe\xfd")
    refused_as_damaged(small_copy)


def test_truncated_description(small_copy):
    text = (small_copy / "model.json").read_text().rstrip()
    for length in (1, len(text) // 3, len(text) // 2, len(text) - 1):
        describe(small_copy, text[:length])
        refused_as_damaged(small_copy)


REQUIRED = (
    ("files",),
    ("files", "reader.tflite"),
    ("files", "lungs.tflite"),
    ("version",),
    ("input",),
    ("input", "height"),
    ("lungs",),
    ("lungs", "side"),
    ("view",),
    ("view", "part"),
    ("view", "margin"),
    ("outputs",),
    ("calibration",),
    ("calibration", "slope"),
    ("calibration", "intercept"),
    ("operating_points",),
    ("operating_points", 0, "threshold"),
    ("operating_points", 0, "name"),
    ("operating_points", 0, "chosen"),
    ("default_operating_point",),
    ("conformal",),
    ("conformal", "coverage"),
    ("conformal", "least_pneumonia"),
    ("conformal", "most_normal"),
    ("conformal", "chosen"),
    ("training_prevalence",),
    ("map_scale",),
    ("map_scale", "value"),
)


@pytest.mark.parametrize("keys", REQUIRED, ids=lambda keys: ".".join(map(str, keys)))
def test_what_reading_needs_must_be_there(small_copy, keys):
    listed = description(small_copy)
    holder = listed
    for key in keys[:-1]:
        holder = holder[key]
    del holder[keys[-1]]
    describe(small_copy, listed)
    refused_as_damaged(small_copy)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("operating_points", 0, "threshold"), float("nan")),
        (("operating_points", 0, "threshold"), 1.5),
        (("operating_points", 0, "threshold"), -0.1),
        (("default_operating_point",), "none such"),
        (("calibration", "slope"), float("nan")),
        (("calibration", "intercept"), float("inf")),
        (("calibration", "slope"), 10**400),
        (("conformal", "coverage"), 1.01),
        (("conformal", "least_pneumonia"), float("nan")),
        (("conformal", "least_pneumonia"), -0.1),
        (("conformal", "most_normal"), 1.5),
        (("training_prevalence",), 0),
        (("training_prevalence",), 1),
        (("training_prevalence",), -0.2),
        (("training_prevalence",), float("nan")),
        (("map_scale", "value"), 0),
        (("map_scale", "value"), float("nan")),
        (("map_scale", "value"), -1),
        (("input", "height"), float("inf")),
        (("lungs", "side"), float("nan")),
        (("view", "margin"), float("nan")),
        (("view", "margin"), float("inf")),
        (("view", "margin"), -0.5),
    ],
)
def test_numbers_that_would_make_a_wrong_finding(small_copy, keys, value):
    listed = description(small_copy)
    holder = listed
    for key in keys[:-1]:
        holder = holder[key]
    holder[keys[-1]] = value
    describe(small_copy, listed)
    refused_as_damaged(small_copy)


@pytest.mark.parametrize("part", ["lungs", "LUNG_BOX", "Whole", "", None, 1, ["whole"]])
def test_a_part_that_this_program_does_not_know(small_copy, part):
    listed = description(small_copy)
    listed["view"]["part"] = part
    describe(small_copy, listed)
    refused_as_damaged(small_copy)


@pytest.mark.parametrize("part", Part)
def test_each_part_that_this_program_knows_is_taken_over(small_copy, part):
    listed = description(small_copy)
    listed["view"] = {"part": part.value, "margin": 0.25}
    describe(small_copy, listed)
    assert load_release(small_copy).view == View(part, 0.25)


def places(value, here=()):
    """Every place in a tree of JSON values."""
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*here, key))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
def test_any_change_of_the_description_is_loaded_or_refused(small_directory, tmp_path_factory, data):
    directory = tmp_path_factory.getbasetemp() / "mutated"
    shutil.copytree(small_directory, directory, dirs_exist_ok=True)
    listed = description(directory)
    place = data.draw(st.sampled_from(list(places(listed))))
    value = data.draw(json_values)
    if place:
        holder = listed
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = value
    describe(directory, listed if place else json.dumps(value))
    try:
        release = load_release(directory)
    except ReleaseError as error:
        assert str(error).endswith(ADVICE)  # noqa: PT017 - only some changes raise
    else:
        assert isinstance(release, Release)
        assert all(0 <= point.threshold <= 1 for point in release.operating_points)
        assert 0 < release.training_prevalence < 1
        assert min(release.conformal.least_pneumonia, release.conformal.most_normal) >= 0
        assert max(release.conformal.least_pneumonia, release.conformal.most_normal) <= 1


# --- made for another program, or for another network


def refused_as_unfit(directory, problem: str) -> None:
    with pytest.raises(
        ReleaseMismatch, match=exactly(f"The trained model does not fit this program: {problem}. {ADVICE}")
    ):
        load_release(directory)


@pytest.mark.parametrize(
    ("part", "key", "value", "problem"),
    [
        (None, "format", 2, "format is 2, expected 3"),
        (None, "format", 4, "format is 4, expected 3"),
        (None, "format", None, "format is None, expected 3"),
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
    refused_as_unfit(small_copy, "format is 1, expected 3")


def test_a_release_of_the_second_format_is_refused_by_its_format(small_copy):
    """It had no conformal limits, and its prevalence was told to people alone."""
    listed = description(small_copy)
    listed["format"] = 2
    del listed["conformal"], listed["training_prevalence"]
    describe(small_copy, listed)
    refused_as_unfit(small_copy, "format is 2, expected 3")


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
    with pytest.raises(ReleaseMismatch, match=exactly(UNFITTING)):
        Reader(release)


def test_a_swapped_network_of_another_size(directory):
    release = load_release(directory)
    declared, other = (struct.pack("<5i", 4, 1, side, side, 1) for side in (release.side, release.side + 32))
    assert declared in release.network  # the shape of the input, as the LiteRT file holds it
    put(directory, "reader.tflite", release.network.replace(declared, other))
    swapped = load_release(directory)
    with pytest.raises(ReleaseMismatch, match=exactly(UNFITTING)):
        Reader(swapped)


def test_networks_in_each_others_place(directory):
    release = load_release(directory)
    put(directory, "reader.tflite", release.lungs.network)
    put(directory, "lungs.tflite", release.network)
    swapped = load_release(directory)
    with pytest.raises(ReleaseMismatch, match=exactly(UNFITTING)):
        Reader(swapped)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("length", [0, 1000, -1000])
def test_a_file_that_is_no_network(directory, name, length):
    put(directory, name, (directory / name).read_bytes()[:length])
    release = load_release(directory)
    with pytest.raises(ReleaseMismatch, match=exactly(f"The trained network cannot be opened. {ADVICE}")):
        Reader(release)
