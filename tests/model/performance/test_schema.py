"""model.json and metrics.json of the release have the structure that their schemas declare."""

import json
import types
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from model.inference.release_loader import RELEASE_DIR
from model.inference.release_schema import ReleaseDescription
from model.performance.schema import (
    AdmissionMetrics,
    Estimate,
    ExternalMetrics,
    HeatMapMetrics,
    LungMetrics,
    ReleaseMetrics,
    ShortcutAudit,
    SimilarCaseMetrics,
    SplitMetrics,
)
from model.release_files import ReleaseFile


@pytest.fixture(scope="module")
def metrics() -> dict:
    return json.loads((RELEASE_DIR / ReleaseFile.METRICS).read_text())


def matches(value: Any, declared: Any) -> bool:
    """Return whether a JSON value has the declared type; a TypedDict must have its required keys and no other keys."""
    if declared is Any:
        return True
    if is_typeddict(declared):
        hints = get_type_hints(declared)
        has_its_keys = isinstance(value, dict) and declared.__required_keys__ <= value.keys() <= hints.keys()
        return has_its_keys and all(matches(value[key], hints[key]) for key in value)
    arguments = get_args(declared)
    if get_origin(declared) in (Union, types.UnionType):
        return any(matches(value, option) for option in arguments)
    if get_origin(declared) is dict:
        return isinstance(value, dict) and all(matches(item, arguments[1]) for item in value.values())
    if get_origin(declared) is list:
        return isinstance(value, list) and all(matches(item, arguments[0]) for item in value)
    return isinstance(value, (int, float) if declared is float else declared)


@pytest.mark.parametrize(
    ("key", "declared"),
    [
        ("splits", dict[str, SplitMetrics]),
        ("adults", ExternalMetrics),
        ("similar_cases", SimilarCaseMetrics),
        ("admission", AdmissionMetrics),
        ("explanations", HeatMapMetrics),
        ("lungs", LungMetrics),
        ("shortcut_audit", ShortcutAudit),
    ],
)
def test_released_metrics_match_the_schema(metrics, key, declared):
    assert matches(metrics[key], declared)


def test_the_released_files_match_their_schemas(metrics):
    assert matches(metrics, ReleaseMetrics)
    assert matches(json.loads((RELEASE_DIR / ReleaseFile.DESCRIPTION).read_text()), ReleaseDescription)


@pytest.mark.slow
def test_the_metrics_of_a_release_for_children_and_adults_match_the_schema(mixed_release):
    measured = json.loads((mixed_release / ReleaseFile.METRICS).read_text())

    assert matches(measured, ReleaseMetrics)
    assert measured["populations"].keys() == {"adults"}
    assert matches(json.loads((mixed_release / ReleaseFile.DESCRIPTION).read_text()), ReleaseDescription)


def test_missing_or_additional_key_does_not_match():
    estimate = {"value": 0.5, "low": None, "high": None}
    assert matches(estimate, Estimate)
    assert not matches(estimate | {"n": 3}, Estimate)
    assert not matches({"value": 0.5}, Estimate)
