"""Limits of the checks: together they warn about no more than they may, and as much as they may."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.explanation.reliability import WARNING_TEXTS, HeatMapReliability, ReliabilityLimits
from training.calibration.heatmap_thresholds import TARGET_WARNING_RATE, limits_at_rate

values = st.one_of(st.floats(-1, 1), st.sampled_from([-0.5, 0.0, 0.5]))
many_checks = st.lists(
    st.builds(HeatMapReliability, inside_lungs=st.one_of(st.none(), st.floats(0, 1)), effect=values, agreement=values),
    min_size=1,
)


def warned(checks: list[HeatMapReliability]) -> int:
    of = ReliabilityLimits(**limits_at_rate(checks), chosen="by the test")
    return sum(bool(of.violations(one)) for one in checks)


@given(checks=many_checks)
def test_no_more_is_warned_about_than_may_be(checks):
    assert warned(checks) <= TARGET_WARNING_RATE * len(checks) + 1e-9


def test_of_many_nearly_as_many_are_warned_about_as_may_be():
    rng = np.random.default_rng(0)
    checks = [HeatMapReliability(*rng.uniform(0, 1, 3)) for _ in range(500)]
    assert 45 <= warned(checks) <= 50


def test_each_measure_warns_about_its_share():
    rng = np.random.default_rng(1)
    checks = [HeatMapReliability(*rng.uniform(0, 1, 3)) for _ in range(500)]
    least = limits_at_rate(checks)
    assert [np.mean([getattr(one, name) < least[name] for one in checks]) for name in WARNING_TEXTS] == pytest.approx(
        [0.035] * 3, abs=0.006
    )


def test_where_no_lungs_were_found_anywhere_the_other_two_have_their_limits():
    rng = np.random.default_rng(2)
    checks = [HeatMapReliability(None, *rng.uniform(0, 1, 2)) for _ in range(100)]
    assert limits_at_rate(checks)["inside_lungs"] == -1
    assert 8 <= warned(checks) <= 10
