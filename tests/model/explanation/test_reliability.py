"""Checks of a heat map: what each measures on maps made by hand, and when a reading is warned about."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from model.codes import Caution
from model.explanation.reliability import (
    WARNING_TEXTS,
    HeatMapReliability,
    ReliabilityLimits,
    evidence_share_in_lungs,
    measure_reliability,
    random_areas,
    rank_correlation,
    reliability_warnings,
    with_reliability_caution,
)
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from model.inference.decision import OperatingPoint, Verdict
from model.inference.finding import Finding
from model.inference.lung_segmentation import LungMask
from tests.support.cell_classifier import BESIDE, CELLS, IN_LUNG, LIMITS, SIDE, CellReader, at, seen

few_values = st.sampled_from([-1.5, 0.0, 0.25, 2.0])  # ties in plenty


def test_a_map_that_shows_what_the_network_goes_by_passes_all_three():
    classifier = CellReader(IN_LUNG, at(IN_LUNG), LIMITS)
    checks = measure_reliability(classifier, seen(classifier))

    assert checks.inside_lungs > 0.7
    assert checks.effect > 0.1
    assert checks.agreement > 0.5
    assert reliability_warnings(classifier, seen(classifier)) == ()


def test_a_map_that_shows_something_else_fails_by_its_effect_and_its_agreement():
    classifier = CellReader(BESIDE, at(IN_LUNG), LIMITS)
    checks = measure_reliability(classifier, seen(classifier))

    assert checks.inside_lungs > 0.7
    assert checks.effect < 0.05
    assert checks.agreement < 0
    assert reliability_warnings(classifier, seen(classifier)) == (WARNING_TEXTS["effect"], WARNING_TEXTS["agreement"])


def test_a_map_beside_the_lungs_fails_by_that_alone():
    classifier = CellReader(BESIDE, at(BESIDE), LIMITS)
    assert measure_reliability(classifier, seen(classifier)).inside_lungs < 0.2
    assert reliability_warnings(classifier, seen(classifier)) == (WARNING_TEXTS["inside_lungs"],)


def test_without_lungs_nothing_is_said_of_what_lies_in_them():
    classifier = CellReader(IN_LUNG, at(IN_LUNG), LIMITS)
    nowhere = seen(classifier, np.zeros((SIDE, SIDE), bool))
    assert measure_reliability(classifier, nowhere).inside_lungs is None
    assert reliability_warnings(classifier, nowhere) == ()


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_without_positive_evidence_the_checks_are_not_applicable(value):
    classifier = CellReader(IN_LUNG, np.full((CELLS, CELLS), value, np.float32), LIMITS)
    assert measure_reliability(classifier, seen(classifier)) is None
    assert reliability_warnings(classifier, seen(classifier)) == ()


def test_a_release_without_limits_checks_nothing():
    classifier = CellReader(BESIDE, at(IN_LUNG))
    assert ReliabilityLimits.from_release(classifier.release) is None
    assert reliability_warnings(classifier, seen(classifier)) is None


def test_the_same_picture_gets_the_same_checks():
    classifier = CellReader(BESIDE, at(IN_LUNG), LIMITS)
    assert measure_reliability(classifier, seen(classifier)) == measure_reliability(classifier, seen(classifier))


@pytest.mark.parametrize("name", WARNING_TEXTS)
def test_what_is_at_its_limit_is_not_warned_of_and_what_is_below_is(name):
    limits = ReliabilityLimits(0.5, 0.1, 0.0, "By hand.")
    exact = HeatMapReliability(0.5, 0.1, 0.0)
    assert limits.violations(exact) == ()
    assert limits.violations(replace(exact, **{name: getattr(exact, name) - 1e-9})) == (WARNING_TEXTS[name],)


def test_a_finding_is_cautioned_about_where_its_map_is_in_doubt_or_not_checked_and_keeps_its_other_cautions():
    point = OperatingPoint("of the test", 0.5, "by hand")
    finding = Finding(
        0.7, 0.75, Verdict.PNEUMONIA, point, np.ones((2, 2)), WHOLE_IMAGE, np.zeros(3), "1.0", ("lungs_not_found",)
    )
    assert with_reliability_caution(finding, ()) is finding
    assert with_reliability_caution(finding, ("why",)).cautions == ("lungs_not_found", Caution.EXPLANATION_UNRELIABLE)
    assert with_reliability_caution(finding, None).cautions == ("lungs_not_found", Caution.EXPLANATION_UNCHECKED)
    without_evidence = replace(finding, heat_map=np.zeros((2, 2)))
    assert with_reliability_caution(without_evidence, None) is without_evidence


# --- inside the lungs


def test_the_share_inside_is_of_the_positive_evidence_and_of_the_part_that_the_map_covers():
    fields = np.zeros((100, 100), bool)
    fields[:, :30] = True
    lungs = LungMask(fields, WHOLE_IMAGE)
    left = np.array([[4.0, -9.0]], np.float32)

    assert evidence_share_in_lungs(np.ones((5, 5)), WHOLE_IMAGE, lungs) == pytest.approx(0.3, abs=0.02)
    assert evidence_share_in_lungs(np.ones((5, 5)), RelativeBox(0.0, 0.0, 0.6, 1.0), lungs) == pytest.approx(
        0.5, abs=0.02
    )
    assert evidence_share_in_lungs(left, RelativeBox(0.0, 0.0, 0.6, 1.0), lungs) > 0.95
    assert evidence_share_in_lungs(left[:, ::-1], RelativeBox(0.0, 0.0, 0.6, 1.0), lungs) < 0.05
    assert evidence_share_in_lungs(-np.ones((5, 5)), WHOLE_IMAGE, lungs) is None
    assert evidence_share_in_lungs(np.ones((5, 5)), WHOLE_IMAGE, None) is None


# --- areas elsewhere


@given(heat=arrays(np.float32, (4, 5), elements=few_values), share=st.sampled_from([0.05, 0.1, 0.5]))
def test_areas_elsewhere_are_as_large_as_the_hottest(heat, share):
    areas = random_areas(heat, share, 40, 3)
    assert [area.sum() for area in areas] == [round(share * 1600)] * 3


def test_areas_elsewhere_differ_and_are_the_same_at_the_next_call():
    first, again = (random_areas(at(IN_LUNG), 0.1, SIDE, 8) for _ in range(2))
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
