"""A release with an invalid model.json is refused."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ReleaseError, ReleaseIncompatible
from model.inference.input_region import InputRegion, RegionKind
from model.inference.release_loader import Release, load_release
from model.messages import MessageCode
from tests.support.messages import raises_message
from tests.support.populations import children_rules
from tests.support.release_files import put_file, read_description, write_description


def assert_damaged(directory) -> None:
    with raises_message(ReleaseIncompatible, MessageCode.RELEASE_FILE_DAMAGED, file="model.json"):
        load_release(directory)


@pytest.mark.parametrize("text", ["", "model", "[]", "null", "3", '"model"', "{}", '{"files": []}', "[" * 100_000])
def test_json_with_the_wrong_structure_is_refused(small_copy, text):
    write_description(small_copy, text)
    assert_damaged(small_copy)


def test_a_description_that_is_not_text_is_refused(small_copy):
    put_file(small_copy, "model.json", b"\xff\xfe\xfd")
    assert_damaged(small_copy)


def test_a_truncated_description_is_refused(small_copy):
    text = (small_copy / "model.json").read_text().rstrip()
    for length in (1, len(text) // 3, len(text) // 2, len(text) - 1):
        write_description(small_copy, text[:length])
        assert_damaged(small_copy)


CHILDREN = ("populations", "children")
REQUIRED = (
    ("version",),
    ("input",),
    ("input", "height"),
    ("lungs",),
    ("lungs", "side"),
    ("input_region",),
    ("input_region", "kind"),
    ("input_region", "margin"),
    ("input_region", "intensity"),
    ("outputs",),
    ("default_operating_point",),
    ("populations",),
    (*CHILDREN,),
    (*CHILDREN, "years"),
    (*CHILDREN, "calibration"),
    (*CHILDREN, "calibration", "slope"),
    (*CHILDREN, "calibration", "intercept"),
    (*CHILDREN, "operating_points"),
    (*CHILDREN, "operating_points", 0, "threshold"),
    (*CHILDREN, "operating_points", 0, "name"),
    (*CHILDREN, "operating_points", 0, "rationale"),
    (*CHILDREN, "conformal"),
    (*CHILDREN, "conformal", "coverage"),
    (*CHILDREN, "conformal", "pneumonia_from"),
    (*CHILDREN, "conformal", "normal_up_to"),
    (*CHILDREN, "conformal", "rationale"),
    (*CHILDREN, "training_prevalence"),
    ("map_scale",),
    ("map_scale", "value"),
)


@pytest.mark.parametrize("keys", REQUIRED, ids=lambda keys: ".".join(map(str, keys)))
def test_required_values_must_be_present(small_copy, keys):
    content = read_description(small_copy)
    parent = content
    for key in keys[:-1]:
        parent = parent[key]
    del parent[keys[-1]]
    write_description(small_copy, content)
    assert_damaged(small_copy)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ((*CHILDREN, "operating_points", 0, "threshold"), float("nan")),
        ((*CHILDREN, "operating_points", 0, "threshold"), 1.5),
        ((*CHILDREN, "operating_points", 0, "threshold"), -0.1),
        (("default_operating_point",), "none such"),
        ((*CHILDREN, "calibration", "slope"), float("nan")),
        ((*CHILDREN, "calibration", "intercept"), float("inf")),
        ((*CHILDREN, "calibration", "slope"), 10**400),
        ((*CHILDREN, "conformal", "coverage"), 1.01),
        ((*CHILDREN, "conformal", "pneumonia_from"), float("nan")),
        ((*CHILDREN, "conformal", "pneumonia_from"), -0.1),
        ((*CHILDREN, "conformal", "normal_up_to"), 1.5),
        ((*CHILDREN, "training_prevalence"), 0),
        ((*CHILDREN, "training_prevalence"), 1),
        ((*CHILDREN, "training_prevalence"), -0.2),
        ((*CHILDREN, "training_prevalence"), float("nan")),
        ((*CHILDREN, "years"), [6, 5]),
        ((*CHILDREN, "years"), [-1, 5]),
        ((*CHILDREN, "years"), [1]),
        (("populations", "dogs"), {}),
        (("map_scale", "value"), 0),
        (("map_scale", "value"), float("nan")),
        (("map_scale", "value"), -1),
        (("input", "height"), float("inf")),
        (("lungs", "side"), float("nan")),
        (("input_region", "margin"), float("nan")),
        (("input_region", "margin"), float("inf")),
        (("input_region", "margin"), -0.5),
    ],
)
def test_numbers_out_of_range_are_refused(small_copy, keys, value):
    content = read_description(small_copy)
    parent = content
    for key in keys[:-1]:
        parent = parent[key]
    parent[keys[-1]] = value
    write_description(small_copy, content)
    assert_damaged(small_copy)


def test_populations_with_different_operating_points_are_refused(small_copy):
    content = read_description(small_copy)
    points = content["populations"]["children"]["operating_points"]
    content["populations"]["adults"] = content["populations"]["children"] | {"operating_points": points[1:]}
    write_description(small_copy, content)
    assert_damaged(small_copy)


@pytest.mark.parametrize("kind", ["lungs", "LUNG_BOX", "Whole", "", None, 1, ["whole"]])
def test_an_unknown_kind_of_region_is_refused(small_copy, kind):
    content = read_description(small_copy)
    content["input_region"]["kind"] = kind
    write_description(small_copy, content)
    assert_damaged(small_copy)


@pytest.mark.parametrize("kind", RegionKind)
def test_every_known_kind_of_region_is_loaded(small_copy, kind):
    content = read_description(small_copy)
    content["input_region"] = {"kind": kind.value, "margin": 0.25, "intensity": "unchanged"}
    write_description(small_copy, content)
    assert load_release(small_copy).input_region == InputRegion(kind, 0.25)


def paths(value, path=()):
    """Yield the path of every value in a tree of JSON values."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.slow
@given(data=st.data())
def test_any_change_of_the_description_is_loaded_or_refused(small_directory, tmp_path_factory, data):
    directory = tmp_path_factory.getbasetemp() / "mutated"
    shutil.copytree(small_directory, directory, dirs_exist_ok=True)
    content = read_description(directory)
    path = data.draw(st.sampled_from(list(paths(content))))
    value = data.draw(json_values)
    if path:
        parent = content
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = value
    write_description(directory, content if path else json.dumps(value))
    try:
        release = load_release(directory)
    except ReleaseError as error:
        assert str(error)  # noqa: PT017 - only some changes raise
    else:
        assert isinstance(release, Release)
        rules = children_rules(release)
        assert all(0 <= point.threshold <= 1 for point in rules.operating_points)
        assert 0 < rules.training_prevalence < 1
        assert min(rules.conformal.pneumonia_from, rules.conformal.normal_up_to) >= 0
        assert max(rules.conformal.pneumonia_from, rules.conformal.normal_up_to) <= 1
