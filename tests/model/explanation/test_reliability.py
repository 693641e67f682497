"""Reliability checks on hand-made heat maps, and their warnings."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from model.codes import HeatMapWarning
from model.explanation.reliability import (
    HeatMapReliability,
    ReliabilityLimits,
    evidence_share_in_lungs,
    measure_reliability,
    random_areas,
    rank_correlation,
    reliability_warnings,
)
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from model.inference.lung_segmentation import LungMask
from tests.support.cell_classifier import (
    CELLS,
    IN_LUNG,
    LIMITS,
    OUTSIDE_LUNG,
    SIDE,
    CellClassifier,
    infer,
    map_around,
    opacities_in,
)

few_values = st.sampled_from([-1.5, 0.0, 0.25, 2.0])  # many ties


def test_a_map_of_the_true_evidence_passes_all_checks():
    classifier = CellClassifier(IN_LUNG, map_around(IN_LUNG), LIMITS)
    reliability = measure_reliability(classifier, infer(classifier))

    assert reliability.inside_lungs > 0.7
    assert reliability.effect > 0.1
    assert reliability.agreement > 0.5
    assert reliability_warnings(classifier, infer(classifier)) == ()


def test_a_map_of_other_cells_fails_on_effect_and_agreement():
    classifier = CellClassifier(OUTSIDE_LUNG, map_around(IN_LUNG), LIMITS)
    reliability = measure_reliability(classifier, infer(classifier))

    assert reliability.inside_lungs > 0.7
    assert reliability.effect < 0.05
    assert reliability.agreement < 0
    assert reliability_warnings(classifier, infer(classifier)) == (HeatMapWarning.EFFECT, HeatMapWarning.AGREEMENT)


def test_true_evidence_outside_the_lungs_fails_only_on_its_position():
    classifier = CellClassifier(OUTSIDE_LUNG, map_around(OUTSIDE_LUNG), LIMITS)
    assert measure_reliability(classifier, infer(classifier)).inside_lungs < 0.2
    assert reliability_warnings(classifier, infer(classifier)) == (HeatMapWarning.INSIDE_LUNGS,)


def test_without_lungs_the_share_in_the_lungs_is_not_checked():
    classifier = CellClassifier(IN_LUNG, map_around(IN_LUNG), LIMITS)
    without_lungs = infer(classifier, np.zeros((SIDE, SIDE), bool))
    assert measure_reliability(classifier, without_lungs).inside_lungs is None
    assert reliability_warnings(classifier, without_lungs) == ()


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_heat_map_without_positive_evidence_is_not_checked(value):
    classifier = CellClassifier(IN_LUNG, np.full((CELLS, CELLS), value, np.float32), LIMITS)
    assert measure_reliability(classifier, infer(classifier)) is None
    assert reliability_warnings(classifier, infer(classifier)) == ()


def test_no_heat_map_is_checked_without_limits():
    classifier = CellClassifier(OUTSIDE_LUNG, map_around(IN_LUNG))
    assert ReliabilityLimits.from_release(classifier.release) is None
    assert reliability_warnings(classifier, infer(classifier)) is None


def test_the_checks_are_deterministic():
    classifier = CellClassifier(OUTSIDE_LUNG, map_around(IN_LUNG), LIMITS)
    assert measure_reliability(classifier, infer(classifier)) == measure_reliability(classifier, infer(classifier))


@pytest.mark.parametrize("name", HeatMapWarning)
def test_a_value_below_its_limit_is_a_violation_and_a_value_at_its_limit_is_not(name):
    limits = ReliabilityLimits(0.5, 0.1, 0.0, "By hand.", peak=0.6)
    at_limits = HeatMapReliability(0.5, 0.1, 0.0, peak=0.6)
    assert limits.violations(at_limits) == ()
    assert limits.violations(replace(at_limits, **{name: getattr(at_limits, name) - 1e-9})) == (name,)


# --- opacity map


def opacity_classifier(marked: list[tuple[int, int]], **limits: float) -> CellClassifier:
    """Return a classifier that sees evidence in IN_LUNG and marks these cells on its opacity map."""
    described = {"rationale": "By hand.", "auc": {}} | limits
    return CellClassifier(IN_LUNG, map_around(IN_LUNG), described, opacities_in(marked))


def test_an_opacity_map_of_the_true_evidence_is_inside_the_lungs_and_explains_the_score():
    classifier = opacity_classifier(IN_LUNG)
    reliability = measure_reliability(classifier, infer(classifier))

    assert reliability.inside_lungs > 0.7
    assert reliability.effect > 1  # in logits
    assert reliability.agreement > 0.3
    assert reliability.peak == pytest.approx(0.9)


def test_an_opacity_map_of_other_cells_is_outside_the_lungs_and_does_not_explain_the_score():
    classifier = opacity_classifier(OUTSIDE_LUNG)
    reliability = measure_reliability(classifier, infer(classifier))

    assert reliability.inside_lungs < 0.5
    assert reliability.effect < 0.5
    assert reliability.agreement < 0.3


def test_only_the_limits_of_the_release_cause_a_warning_about_an_opacity_map():
    for limits, expected in (({"peak": 0.95}, (HeatMapWarning.PEAK,)), ({"peak": 0.85}, ()), ({}, ())):
        classifier = opacity_classifier(OUTSIDE_LUNG, **limits)
        assert reliability_warnings(classifier, infer(classifier)) == expected


def test_an_opacity_map_below_the_contour_is_not_checked():
    empty = CellClassifier(IN_LUNG, map_around(IN_LUNG), {"rationale": "", "peak": 0.9}, opacities_in(IN_LUNG, 0.4))
    assert measure_reliability(empty, infer(empty)) is None
    assert reliability_warnings(empty, infer(empty)) == ()


# --- share inside the lungs


def test_the_share_in_the_lungs_refers_to_positive_evidence_and_the_box_of_the_map():
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


# --- random areas


@given(heat=arrays(np.float32, (4, 5), elements=few_values), fraction=st.sampled_from([0.05, 0.1, 0.5]))
def test_random_areas_are_as_large_as_the_hottest_part(heat, fraction):
    areas = random_areas(heat, fraction, 40, 3)
    assert [area.sum() for area in areas] == [round(fraction * 1600)] * 3


def test_random_areas_differ_and_are_deterministic():
    first, again = (random_areas(map_around(IN_LUNG), 0.1, SIDE, 8) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len({area.tobytes() for area in first}) == 8


# --- rank correlation


@pytest.mark.slow
@given(first=arrays(float, (3, 4), elements=few_values), second=arrays(float, (3, 4), elements=st.floats(-5, 5)))
def test_rank_correlation_is_spearmans(first, second):
    correlation = rank_correlation(first, second)
    if np.ptp(first) and np.ptp(second):
        assert correlation == pytest.approx(spearmanr(first.ravel(), second.ravel()).statistic, abs=1e-9)
    else:
        assert correlation == 0
