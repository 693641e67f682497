"""The metrics.json of the release has the structure that `model.performance.schema` declares."""

import json
import types
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from model.inference.release_loader import RELEASE_DIR
from model.performance.schema import (
    AdmissionMetrics,
    Estimate,
    ExternalMetrics,
    HeatMapMetrics,
    LungMetrics,
    ShortcutAudit,
    SimilarCaseMetrics,
    SplitMetrics,
)
from model.release_files import ReleaseFile


@pytest.fixture(scope="module")
def metrics() -> dict:
    return json.loads((RELEASE_DIR / ReleaseFile.METRICS).read_text())


def matches(value: Any, declared: Any) -> bool:
    """Whether a JSON value has the declared type; a TypedDict must have exactly its keys."""
    if declared is Any:
        return True
    if is_typeddict(declared):
        hints = get_type_hints(declared)
        has_its_keys = isinstance(value, dict) and value.keys() == hints.keys()
        return has_its_keys and all(matches(value[key], hint) for key, hint in hints.items())
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
        ("neighbours", SimilarCaseMetrics),
        ("admission", AdmissionMetrics),
        ("explanations", HeatMapMetrics),
        ("lungs", LungMetrics),
        ("shortcut_audit", ShortcutAudit),
    ],
)
def test_released_metrics_match_the_schema(metrics, key, declared):
    assert matches(metrics[key], declared)


def test_missing_or_additional_key_does_not_match():
    estimate = {"value": 0.5, "low": None, "high": None}
    assert matches(estimate, Estimate)
    assert not matches(estimate | {"n": 3}, Estimate)
    assert not matches({"value": 0.5}, Estimate)
