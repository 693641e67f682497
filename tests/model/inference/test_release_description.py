"""A description (model.json) that cannot be understood is refused before anything is read."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ReleaseError, ReleaseIncompatible
from model.inference.input_region import InputRegion, RegionKind
from model.inference.release_loader import Release, load_release
from tests.support.release_files import (  # noqa: F401 (a fixture)
    ADVICE,
    DAMAGED,
    describe,
    description,
    exactly,
    own_small_release,
)


def refused_as_damaged(directory) -> None:
    with pytest.raises(ReleaseIncompatible, match=exactly(DAMAGED)):
        load_release(directory)


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


@pytest.mark.parametrize("part", RegionKind)
def test_each_part_that_this_program_knows_is_taken_over(small_copy, part):
    listed = description(small_copy)
    listed["view"] = {"part": part.value, "margin": 0.25}
    describe(small_copy, listed)
    assert load_release(small_copy).view == InputRegion(part, 0.25)


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
