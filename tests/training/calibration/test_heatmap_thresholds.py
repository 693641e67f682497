"""Limits of the heat-map checks: the rate of warnings is close to the target and does not exceed it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.explanation.reliability import HeatMapReliability, ReliabilityLimits
from training.calibration.heatmap_thresholds import MEASUREMENTS, TARGET_WARNING_RATE, limits_at_rate

pytestmark = pytest.mark.slow

values = st.one_of(st.floats(-1, 1), st.sampled_from([-0.5, 0.0, 0.5]))
measurements = st.lists(
    st.builds(HeatMapReliability, inside_lungs=st.one_of(st.none(), st.floats(0, 1)), effect=values, agreement=values),
    min_size=1,
)


def count_warnings(measured: list[HeatMapReliability]) -> int:
    limits = ReliabilityLimits(**limits_at_rate(measured), rationale="by hand")
    return sum(bool(limits.violations(reliability)) for reliability in measured)


@given(measured=measurements)
def test_the_rate_of_warnings_is_at_most_the_target(measured):
    assert count_warnings(measured) <= TARGET_WARNING_RATE * len(measured) + 1e-9


def test_the_rate_of_warnings_is_close_to_the_target():
    rng = np.random.default_rng(0)
    measured = [HeatMapReliability(*rng.uniform(0, 1, 3)) for _ in range(500)]
    assert 45 <= count_warnings(measured) <= 50


def test_each_measure_causes_a_similar_share_of_warnings():
    rng = np.random.default_rng(1)
    measured = [HeatMapReliability(*rng.uniform(0, 1, 3)) for _ in range(500)]
    limits = limits_at_rate(measured)
    assert [
        np.mean([getattr(reliability, name) < limits[name] for reliability in measured]) for name in MEASUREMENTS
    ] == pytest.approx([0.035] * 3, abs=0.006)


def test_without_lungs_the_other_two_measures_have_limits():
    rng = np.random.default_rng(2)
    measured = [HeatMapReliability(None, *rng.uniform(0, 1, 2)) for _ in range(100)]
    assert limits_at_rate(measured)["inside_lungs"] == -1
    assert 8 <= count_warnings(measured) <= 10
