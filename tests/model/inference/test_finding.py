"""A finding as stated at an operating point and a prevalence: verdict, probability and threshold."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.inference.classifier import Classifier
from model.inference.decision import ConformalLimits, OperatingPoint, Verdict
from model.inference.finding import restate
from tests.support.findings import radiograph


def point(threshold: float) -> OperatingPoint:
    return OperatingPoint("of the test", threshold, "by hand")


def at(finding, classifier: Classifier, threshold: float, prevalence: float | None = None):
    return restate(finding, classifier.release, point(threshold), prevalence or classifier.release.training_prevalence)


def test_the_verdict_is_that_of_the_point_and_the_conformal_limits(classifier):
    finding = classifier.read(radiograph())
    p = finding.probability

    def verdict(threshold: float, least_pneumonia: float, most_normal: float) -> Verdict:
        limits = ConformalLimits(0.9, least_pneumonia, most_normal, "by hand")
        return restate(finding, replace(classifier.release, conformal=limits), point(threshold), 0.5).verdict

    above, below = math.nextafter(p, 1), math.nextafter(p, 0)
    assert verdict(p, least_pneumonia=p, most_normal=below) is Verdict.PNEUMONIA
    assert verdict(above, least_pneumonia=above, most_normal=p) is Verdict.NORMAL
    assert verdict(above, least_pneumonia=p, most_normal=below) is Verdict.INDETERMINATE  # they contradict each other
    assert verdict(p, least_pneumonia=p, most_normal=p) is Verdict.INDETERMINATE  # both are plausible
    assert verdict(p, least_pneumonia=above, most_normal=below) is Verdict.INDETERMINATE  # neither is


def test_the_operating_point_changes_the_verdict_and_nothing_else(classifier):
    finding = classifier.read(radiograph())
    bold, cautious = at(finding, classifier, 1.0), at(finding, classifier, 0.0)

    assert bold.verdict != cautious.verdict
    assert bold.operating_point == point(1.0)
    assert bold.probability == cautious.probability == finding.probability
    np.testing.assert_array_equal(bold.heat_map, finding.heat_map)


@given(prevalence=st.floats(0.001, 0.999), threshold=st.floats(0.001, 0.999))
def test_prevalence_moves_probability_and_threshold_together_and_leaves_the_verdict(classifier, prevalence, threshold):
    finding = replace(classifier.read(radiograph(64, 64)), probability=0.4)
    moved, unmoved = at(finding, classifier, threshold, prevalence), at(finding, classifier, threshold)

    assert moved.prevalence == prevalence
    assert moved.verdict == unmoved.verdict
    assert (moved.probability > 0.4) == (
        prevalence > classifier.release.training_prevalence
    ) or moved.probability == 0.4
    assert (moved.probability >= moved.operating_point.threshold) == (threshold <= 0.4)


def test_a_finding_that_is_stated_at_another_prevalence_is_not_stated_again(classifier):
    moved = at(classifier.read(radiograph()), classifier, 0.5, 0.2)

    words = "finding: at the training prevalence expected, got 0.2"
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        at(moved, classifier, 0.5, 0.3)


def test_a_reading_is_at_the_default_operating_point_and_the_training_prevalence(classifier):
    eager = replace(
        classifier.release,
        operating_points=(replace(classifier.release.operating_point(), threshold=0.0),),
        conformal=ConformalLimits(0.9, 0.0, 0.0, "by hand"),
    )
    finding = Classifier(eager).read(radiograph())

    assert finding.verdict is Verdict.PNEUMONIA
    assert finding.operating_point.threshold == 0
    assert finding.prevalence == classifier.release.training_prevalence
