"""Presentation of a finding: operating point, prevalence, and cautions about age and heat map."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.codes import Caution, HeatMapWarning
from model.inference.classifier import Classifier
from model.inference.decision import ConformalLimits, OperatingPoint, Verdict
from model.inference.finding import Finding, HeatMapCheck, present
from model.inference.release_loader import Release
from tests.support.findings import radiograph

UNRELIABLE = HeatMapCheck((HeatMapWarning.INSIDE_LUNGS,))


@pytest.fixture
def release(classifier) -> Release:
    return classifier.release


@pytest.fixture
def finding(classifier) -> Finding:
    """Return a finding with evidence and without cautions."""
    return with_evidence(classifier.read(radiograph()))


def with_evidence(finding: Finding) -> Finding:
    return replace(finding, heat_map=np.ones_like(finding.heat_map), cautions=())


def point_at(threshold: float) -> OperatingPoint:
    return OperatingPoint("of the test", threshold, "by hand")


def present_at(finding: Finding, release: Release, threshold: float, prevalence: float | None = None) -> Finding:
    return present(finding, release, point=point_at(threshold), prevalence=prevalence or release.training_prevalence)


def cautions_of(finding: Finding, release: Release, **circumstances) -> tuple[Caution, ...]:
    presented = present(finding, release, point=release.operating_point(), prevalence=0.2, **circumstances)
    return presented.cautions


# --- operating point and prevalence


def test_the_verdict_follows_from_the_operating_point_and_the_conformal_limits(finding, release):
    p = finding.probability
    above, below = math.nextafter(p, 1), math.nextafter(p, 0)

    def verdict(threshold: float, pneumonia_from: float, normal_up_to: float) -> Verdict:
        limits = ConformalLimits(0.9, pneumonia_from, normal_up_to, "by hand")
        return present_at(finding, replace(release, conformal=limits), threshold, 0.5).verdict

    assert verdict(p, pneumonia_from=p, normal_up_to=below) is Verdict.PNEUMONIA
    assert verdict(above, pneumonia_from=above, normal_up_to=p) is Verdict.NORMAL
    assert verdict(above, pneumonia_from=p, normal_up_to=below) is Verdict.INDETERMINATE  # they contradict each other
    assert verdict(p, pneumonia_from=p, normal_up_to=p) is Verdict.INDETERMINATE  # both are plausible
    assert verdict(p, pneumonia_from=above, normal_up_to=below) is Verdict.INDETERMINATE  # neither is plausible


def test_the_operating_point_changes_only_the_verdict(finding, release):
    high, low = present_at(finding, release, 1.0), present_at(finding, release, 0.0)

    assert high.verdict != low.verdict
    assert high.operating_point == point_at(1.0)
    assert high.probability == low.probability == finding.probability
    np.testing.assert_array_equal(high.heat_map, finding.heat_map)


@pytest.mark.slow
@given(prevalence=st.floats(0.001, 0.999), threshold=st.floats(0.001, 0.999))
def test_prevalence_shifts_probability_and_threshold_but_not_the_verdict(classifier, prevalence, threshold):
    finding = replace(classifier.read(radiograph(64, 64)), probability=0.4)
    release = classifier.release
    moved, unmoved = (present_at(finding, release, threshold, at) for at in (prevalence, None))

    assert moved.prevalence == prevalence
    assert moved.verdict == unmoved.verdict
    is_higher = prevalence > release.training_prevalence
    assert (moved.probability > 0.4) == is_higher or moved.probability == 0.4
    assert (moved.probability >= moved.operating_point.threshold) == (threshold <= 0.4)


def test_a_finding_at_a_different_prevalence_is_refused(finding, release):
    moved = present_at(finding, release, 0.5, 0.2)

    message = "finding must be at the training prevalence, got 0.2"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        present_at(moved, release, 0.5, 0.3)


def test_the_classifier_uses_the_default_operating_point_and_the_training_prevalence(release):
    lenient = replace(
        release,
        operating_points=(replace(release.operating_point(), threshold=0.0),),
        conformal=ConformalLimits(0.9, 0.0, 0.0, "by hand"),
    )
    finding = Classifier(lenient).read(radiograph())

    assert finding.verdict is Verdict.PNEUMONIA
    assert finding.operating_point.threshold == 0
    assert finding.prevalence == release.training_prevalence


# --- cautions


def test_a_finding_has_no_new_caution_if_age_and_heat_map_check_are_unknown(finding, release):
    assert cautions_of(finding, release) == ()


def test_an_age_within_the_population_has_no_caution_and_an_age_outside_has_one(finding, release):
    youngest, oldest = release.description["population_years"]
    for age in (youngest, oldest):
        assert cautions_of(finding, release, age_years=age) == ()
    for age in (youngest - 1, oldest + 1):
        assert cautions_of(finding, release, age_years=age) == (Caution.OUTSIDE_POPULATION,)


@pytest.mark.parametrize(
    ("check", "cautions"),
    [
        (None, ()),
        (HeatMapCheck(()), ()),
        (HeatMapCheck(), (Caution.EXPLANATION_UNCHECKED,)),
        (HeatMapCheck(None), (Caution.EXPLANATION_UNCHECKED,)),
        (UNRELIABLE, (Caution.EXPLANATION_UNRELIABLE,)),
    ],
    ids=["no check asked for", "passed", "default", "not checked", "unreliable"],
)
def test_the_heat_map_check_gives_at_most_one_caution(finding, release, check, cautions):
    assert cautions_of(finding, release, heat_map_check=check) == cautions


@pytest.mark.parametrize("check", [None, HeatMapCheck(()), HeatMapCheck(), UNRELIABLE])
def test_a_heat_map_without_evidence_never_has_a_caution(finding, release, check):
    without_evidence = replace(finding, heat_map=np.zeros_like(finding.heat_map))
    assert cautions_of(without_evidence, release, heat_map_check=check) == ()


@pytest.mark.parametrize(
    ("check", "last"),
    [(HeatMapCheck(), Caution.EXPLANATION_UNCHECKED), (UNRELIABLE, Caution.EXPLANATION_UNRELIABLE)],
)
def test_new_cautions_follow_those_of_the_finding_age_first(finding, release, check, last):
    earlier = (Caution.LUNGS_NOT_FOUND, Caution.BURNED_IN_ANNOTATION, Caution.MIRRORED)
    _, oldest = release.description["population_years"]
    cautions = cautions_of(replace(finding, cautions=earlier), release, age_years=oldest + 1, heat_map_check=check)
    assert cautions == (*earlier, Caution.OUTSIDE_POPULATION, last)


# --- findings from another model version


def test_a_finding_from_a_different_model_version_is_not_restated(finding, release):
    earlier = replace(finding, model_version="0.0.1", prevalence=0.123)  # restating would refuse this prevalence
    presented = present(
        earlier, release, point=point_at(0.99), prevalence=0.2, age_years=None, heat_map_check=HeatMapCheck(())
    )
    assert presented is earlier


def test_a_finding_from_a_different_model_version_gets_only_new_cautions(finding, release):
    _, oldest = release.description["population_years"]
    earlier = replace(finding, model_version="0.0.1", cautions=(Caution.MIRRORED,))
    presented = present(
        earlier, release, point=point_at(0.99), prevalence=0.2, age_years=oldest + 1, heat_map_check=UNRELIABLE
    )
    assert presented.cautions == (Caution.MIRRORED, Caution.OUTSIDE_POPULATION, Caution.EXPLANATION_UNRELIABLE)
    assert replace(presented, cautions=earlier.cautions).__dict__ == earlier.__dict__


# --- opacity map


def with_opacities(finding: Finding, *probabilities: float) -> Finding:
    """Return a finding whose opacity map has a contour at 0.5 and these values in its first cells, 0.1 elsewhere."""
    opacity_map = np.full((12, 12), 0.1, np.float32)
    opacity_map[0, : len(probabilities)] = probabilities
    return replace(finding, opacity_map=opacity_map, opacity_contour=0.5)


@pytest.mark.parametrize(("probability", "expected"), [(0.49, False), (0.5, True), (0.9, True)])
def test_a_cell_at_or_above_the_contour_is_an_opacity(finding, probability, expected):
    marked = with_opacities(finding, 0.3, probability)
    assert (marked.has_opacity, marked.has_evidence) == (expected, expected)


def test_without_an_opacity_map_the_heat_map_is_the_evidence(finding):
    assert (finding.has_opacity, finding.has_evidence) == (False, True)
    assert not replace(finding, heat_map=np.zeros_like(finding.heat_map)).has_evidence


def opacity_cautions(finding: Finding, release: Release, side: str, interval: str, peak: float | None) -> set[Caution]:
    """Return the cautions of a finding above or below the threshold whose opacity map has this peak."""
    p = finding.probability
    limits = {"certain": ConformalLimits(0.9, 0.0, 0.0, ""), "uncertain": ConformalLimits(0.9, 0.0, 1.0, "")}[interval]
    if interval == "certain" and side == "below":
        limits = ConformalLimits(0.9, 1.0, 1.0, "")
    threshold = math.nextafter(p, 0 if side == "above" else 1)
    shown = finding if peak is None else with_opacities(finding, peak)
    return set(present_at(shown, replace(release, conformal=limits), threshold, release.training_prevalence).cautions)


@pytest.mark.parametrize(
    ("side", "interval", "peak", "expected"),
    [
        ("above", "certain", 0.2, {Caution.NO_FOCAL_OPACITY}),
        ("above", "uncertain", 0.2, {Caution.NO_FOCAL_OPACITY}),  # indeterminate, but above the threshold
        ("above", "certain", 0.8, set()),
        ("below", "certain", 0.8, {Caution.OPACITY_WITHOUT_SCORE}),
        ("below", "certain", 0.2, set()),
        ("below", "uncertain", 0.8, set()),  # indeterminate: the page already asks for a radiologist
        ("above", "certain", None, set()),
        ("below", "certain", None, set()),
    ],
)
def test_a_score_that_contradicts_the_opacity_map_gets_a_caution(finding, release, side, interval, peak, expected):
    assert opacity_cautions(finding, release, side, interval, peak) == expected


def test_only_an_opacity_map_with_opacities_needs_a_check(finding, release):
    unreliable = (Caution.EXPLANATION_UNRELIABLE,)
    marked, empty = (with_opacities(finding, peak) for peak in (0.9, 0.2))
    assert set(unreliable) <= set(cautions_of(marked, release, heat_map_check=UNRELIABLE))
    assert not set(unreliable) & set(cautions_of(empty, release, heat_map_check=UNRELIABLE))
