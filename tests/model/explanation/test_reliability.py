"""Checks of a heat map: what each measures on maps made by hand, and when a reading is warned about."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from model.explanation.reliability import (
    EXPLANATION_UNCHECKED,
    EXPLANATION_UNRELIABLE,
    WORDS,
    CheckLimits,
    Checks,
    areas_elsewhere,
    check_explanation,
    doubted,
    doubts,
    inside_lungs,
    rank_correlation,
)
from model.imaging.geometry import WHOLE, Box
from model.inference.classifier import Finding
from model.inference.decision import OperatingPoint, Verdict
from model.inference.lung_segmentation import Lungs
from tests.support.cell_classifier import BESIDE, CELLS, IN_LUNG, LIMITS, SIDE, CellReader, at, seen

few_values = st.sampled_from([-1.5, 0.0, 0.25, 2.0])  # ties in plenty


def test_a_map_that_shows_what_the_network_goes_by_passes_all_three():
    reader = CellReader(IN_LUNG, at(IN_LUNG), LIMITS)
    checks = check_explanation(reader, seen(reader))

    assert checks.inside_lungs > 0.7
    assert checks.effect > 0.1
    assert checks.agreement > 0.5
    assert doubts(reader, seen(reader)) == ()


def test_a_map_that_shows_something_else_fails_by_its_effect_and_its_agreement():
    reader = CellReader(BESIDE, at(IN_LUNG), LIMITS)
    checks = check_explanation(reader, seen(reader))

    assert checks.inside_lungs > 0.7
    assert checks.effect < 0.05
    assert checks.agreement < 0
    assert doubts(reader, seen(reader)) == (WORDS["effect"], WORDS["agreement"])


def test_a_map_beside_the_lungs_fails_by_that_alone():
    reader = CellReader(BESIDE, at(BESIDE), LIMITS)
    assert check_explanation(reader, seen(reader)).inside_lungs < 0.2
    assert doubts(reader, seen(reader)) == (WORDS["inside_lungs"],)


def test_without_lungs_nothing_is_said_of_what_lies_in_them():
    reader = CellReader(IN_LUNG, at(IN_LUNG), LIMITS)
    nowhere = seen(reader, np.zeros((SIDE, SIDE), bool))
    assert check_explanation(reader, nowhere).inside_lungs is None
    assert doubts(reader, nowhere) == ()


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_without_positive_evidence_the_checks_are_not_applicable(value):
    reader = CellReader(IN_LUNG, np.full((CELLS, CELLS), value, np.float32), LIMITS)
    assert check_explanation(reader, seen(reader)) is None
    assert doubts(reader, seen(reader)) == ()


def test_a_release_without_limits_checks_nothing():
    reader = CellReader(BESIDE, at(IN_LUNG))
    assert CheckLimits.of(reader.release) is None
    assert doubts(reader, seen(reader)) is None


def test_the_same_picture_gets_the_same_checks():
    reader = CellReader(BESIDE, at(IN_LUNG), LIMITS)
    assert check_explanation(reader, seen(reader)) == check_explanation(reader, seen(reader))


@pytest.mark.parametrize("name", WORDS)
def test_what_is_at_its_limit_is_not_warned_of_and_what_is_below_is(name):
    limits = CheckLimits(0.5, 0.1, 0.0, "By hand.")
    exact = Checks(0.5, 0.1, 0.0)
    assert limits.doubts(exact) == ()
    assert limits.doubts(replace(exact, **{name: getattr(exact, name) - 1e-9})) == (WORDS[name],)


def test_a_finding_is_cautioned_about_where_its_map_is_in_doubt_or_not_checked_and_keeps_its_other_cautions():
    point = OperatingPoint("of the test", 0.5, "by hand")
    finding = Finding(
        0.7, 0.75, Verdict.PNEUMONIA, point, np.ones((2, 2)), WHOLE, np.zeros(3), "1.0", ("lungs_not_found",)
    )
    assert doubted(finding, ()) is finding
    assert doubted(finding, ("why",)).cautions == ("lungs_not_found", EXPLANATION_UNRELIABLE)
    assert doubted(finding, None).cautions == ("lungs_not_found", EXPLANATION_UNCHECKED)
    without_evidence = replace(finding, heat_map=np.zeros((2, 2)))
    assert doubted(without_evidence, None) is without_evidence


# --- inside the lungs


def test_the_share_inside_is_of_the_positive_evidence_and_of_the_part_that_the_map_covers():
    fields = np.zeros((100, 100), bool)
    fields[:, :30] = True
    lungs = Lungs(fields, WHOLE)
    left = np.array([[4.0, -9.0]], np.float32)

    assert inside_lungs(np.ones((5, 5)), WHOLE, lungs) == pytest.approx(0.3, abs=0.02)
    assert inside_lungs(np.ones((5, 5)), Box(0.0, 0.0, 0.6, 1.0), lungs) == pytest.approx(0.5, abs=0.02)
    assert inside_lungs(left, Box(0.0, 0.0, 0.6, 1.0), lungs) > 0.95
    assert inside_lungs(left[:, ::-1], Box(0.0, 0.0, 0.6, 1.0), lungs) < 0.05
    assert inside_lungs(-np.ones((5, 5)), WHOLE, lungs) is None
    assert inside_lungs(np.ones((5, 5)), WHOLE, None) is None


# --- areas elsewhere


@given(heat=arrays(np.float32, (4, 5), elements=few_values), share=st.sampled_from([0.05, 0.1, 0.5]))
def test_areas_elsewhere_are_as_large_as_the_hottest(heat, share):
    areas = areas_elsewhere(heat, share, 40, 3)
    assert [area.sum() for area in areas] == [round(share * 1600)] * 3


def test_areas_elsewhere_differ_and_are_the_same_at_the_next_call():
    first, again = (areas_elsewhere(at(IN_LUNG), 0.1, SIDE, 8) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len({area.tobytes() for area in first}) == 8


# --- rank correlation


@given(one=arrays(float, (3, 4), elements=few_values), other=arrays(float, (3, 4), elements=st.floats(-5, 5)))
def test_rank_correlation_is_spearmans(one, other):
    found = rank_correlation(one, other)
    if np.ptp(one) and np.ptp(other):
        assert found == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic, abs=1e-9)
    else:
        assert found == 0
