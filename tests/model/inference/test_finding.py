"""Presentation of a finding: population, operating point, prevalence, and cautions about age and heat map."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.codes import POPULATIONS, Caution, HeatMapWarning, Population
from model.inference.classifier import Classifier
from model.inference.decision import Calibration, ConformalLimits, OperatingPoint, Verdict, classify
from model.inference.finding import Finding, HeatMapCheck, present
from model.inference.release_loader import Release
from tests.support.findings import radiograph
from tests.support.populations import children_rules, with_adults, with_children_rules

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


def with_point(release: Release, threshold: float) -> Release:
    """Return a release with one operating point for children."""
    point = OperatingPoint("of the test", threshold, "by hand")
    return with_children_rules(release, operating_points=(point,), default_operating_point=point.name)


def present_at(finding: Finding, release: Release, threshold: float, prevalence: float | None = None) -> Finding:
    return present(finding, with_point(release, threshold), population=Population.CHILDREN, prevalence=prevalence)


def cautions_of(
    finding: Finding, release: Release, population: Population | None = Population.CHILDREN, **circumstances
) -> tuple[Caution, ...]:
    return present(finding, release, population=population, prevalence=0.2, **circumstances).cautions


# --- operating point and prevalence


def test_the_verdict_follows_from_the_operating_point_and_the_conformal_limits(finding, release):
    p = finding.probability
    above, below = math.nextafter(p, 1), math.nextafter(p, 0)

    def verdict(threshold: float, pneumonia_from: float, normal_up_to: float) -> Verdict:
        limits = ConformalLimits(0.9, pneumonia_from, normal_up_to, "by hand")
        return present_at(finding, with_children_rules(release, conformal=limits), threshold, 0.5).verdict

    assert verdict(p, pneumonia_from=p, normal_up_to=below) is Verdict.PNEUMONIA
    assert verdict(above, pneumonia_from=above, normal_up_to=p) is Verdict.NORMAL
    assert verdict(above, pneumonia_from=p, normal_up_to=below) is Verdict.INDETERMINATE  # they contradict each other
    assert verdict(p, pneumonia_from=p, normal_up_to=p) is Verdict.INDETERMINATE  # both are plausible
    assert verdict(p, pneumonia_from=above, normal_up_to=below) is Verdict.INDETERMINATE  # neither is plausible


def test_the_operating_point_changes_only_the_verdict(finding, release):
    high, low = present_at(finding, release, 1.0), present_at(finding, release, 0.0)

    assert high.verdict != low.verdict
    assert (high.operating_point.name, high.operating_point.threshold) == ("of the test", 1.0)
    assert high.probability == low.probability == finding.probability
    np.testing.assert_array_equal(high.heat_map, finding.heat_map)


@pytest.mark.slow
@given(prevalence=st.floats(0.001, 0.999), threshold=st.floats(0.001, 0.999))
def test_prevalence_shifts_probability_and_threshold_but_not_the_verdict(classifier, prevalence, threshold):
    release = with_children_rules(classifier.release, calibration=Calibration(1.0, 0.0))
    finding = replace(classifier.read(radiograph(64, 64)), logit=math.log(0.4 / 0.6))
    probability = present(finding, release, population=Population.CHILDREN).probability
    assert probability == pytest.approx(0.4)
    moved, unmoved = (present_at(finding, release, threshold, at) for at in (prevalence, None))

    assert moved.prevalence == prevalence
    assert moved.verdict == unmoved.verdict
    is_higher = prevalence > children_rules(release).training_prevalence
    assert (moved.probability > probability) == is_higher or moved.probability == probability
    assert (moved.probability >= moved.operating_point.threshold) == (threshold <= probability)


@pytest.mark.parametrize("name", ["rule-out", "rule-in"])
def test_an_operating_point_is_selected_by_name_and_by_default_it_is_that_of_the_release(finding, release, name):
    by_name, by_default = (
        present(finding, release, population=Population.CHILDREN, operating_point=each) for each in (name, None)
    )
    assert by_name.operating_point == children_rules(release).operating_point(name)
    assert by_default.operating_point == children_rules(release).operating_point()
    assert by_default.prevalence == children_rules(release).training_prevalence


# --- population


ADULT_RULES = {
    "calibration": Calibration(0.5, -1.0),
    "training_prevalence": 0.25,
    "conformal": ConformalLimits(0.9, 0.3, 0.2, "by hand"),
}


def test_the_rules_of_the_population_decide(finding, release):
    release = with_adults(release, **ADULT_RULES)
    child, adult = (present(finding, release, population=population) for population in POPULATIONS)

    rules = release.populations[Population.ADULTS]
    assert adult.population is Population.ADULTS
    assert adult.probability == rules.calibration.probability(finding.logit) != child.probability
    assert adult.prevalence == 0.25
    assert adult.verdict is classify(adult.probability, rules.operating_point(), rules.conformal)
    assert child.population is Population.CHILDREN
    assert child.probability == finding.probability


def test_a_finding_can_be_presented_for_one_population_after_the_other(finding, release):
    release = with_adults(release, **ADULT_RULES)
    there_and_back = finding
    for population in (Population.ADULTS, Population.CHILDREN):
        there_and_back = present(there_and_back, release, population=population)
    assert there_and_back.__dict__ == present(finding, release, population=Population.CHILDREN).__dict__


def test_a_patient_of_unknown_age_is_judged_as_a_child_with_a_caution(finding, release):
    release = with_adults(release, **ADULT_RULES)
    unknown = present(finding, release, population=None)
    child = present(finding, release, population=Population.CHILDREN)

    assert unknown.population is None
    assert unknown.cautions == (Caution.AGE_UNKNOWN,)
    assert (unknown.probability, unknown.verdict) == (child.probability, child.verdict)
    assert child.cautions == ()


def test_the_classifier_does_not_know_the_population_unless_the_release_has_only_one(classifier, release):
    assert classifier.read(radiograph()).population is Population.CHILDREN
    finding = Classifier(with_adults(release, **ADULT_RULES)).read(radiograph())
    assert finding.population is None
    assert finding.probability == classifier.read(radiograph()).probability


def test_an_age_outside_the_years_of_the_population_used_has_a_caution(finding, release):
    both = with_adults(release)
    for age, population, cautions in (
        (9, Population.CHILDREN, (Caution.OUTSIDE_POPULATION,)),
        (3, Population.CHILDREN, ()),
        (40, Population.ADULTS, ()),
        (121, Population.ADULTS, (Caution.OUTSIDE_POPULATION,)),
    ):
        assert cautions_of(finding, both, population, age_years=age) == cautions


def test_a_population_that_the_release_was_not_trained_on_has_a_caution(finding, release):
    assert cautions_of(finding, release, Population.ADULTS) == (Caution.OUTSIDE_POPULATION,)
    assert cautions_of(finding, release, Population.ADULTS, age_years=40) == (Caution.OUTSIDE_POPULATION,)


def test_the_classifier_uses_the_default_operating_point_and_the_training_prevalence(release):
    rules = children_rules(release)
    lenient = with_children_rules(
        release,
        operating_points=(replace(rules.operating_point(), threshold=0.0),),
        conformal=ConformalLimits(0.9, 0.0, 0.0, "by hand"),
    )
    finding = Classifier(lenient).read(radiograph())

    assert finding.verdict is Verdict.PNEUMONIA
    assert finding.operating_point.threshold == 0
    assert finding.prevalence == rules.training_prevalence


# --- cautions


def test_a_finding_has_no_new_caution_if_age_and_heat_map_check_are_unknown(finding, release):
    assert cautions_of(finding, release) == ()


def test_an_age_within_the_population_has_no_caution_and_an_age_outside_has_one(finding, release):
    youngest, oldest = children_rules(release).years
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
    _, oldest = children_rules(release).years
    cautions = cautions_of(replace(finding, cautions=earlier), release, age_years=oldest + 1, heat_map_check=check)
    assert cautions == (*earlier, Caution.OUTSIDE_POPULATION, last)


# --- findings from another model version


def test_a_finding_from_a_different_model_version_is_not_restated(finding, release):
    earlier = replace(finding, model_version="0.0.1", prevalence=0.123)
    presented = present(
        earlier, release, population=Population.CHILDREN, operating_point="rule-in", heat_map_check=HeatMapCheck(())
    )
    assert presented is earlier


def test_a_finding_from_a_different_model_version_gets_only_new_cautions(finding, release):
    _, oldest = children_rules(release).years
    earlier = replace(finding, model_version="0.0.1", cautions=(Caution.MIRRORED,))
    presented = present(
        earlier, release, population=Population.CHILDREN, age_years=oldest + 1, heat_map_check=UNRELIABLE
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
    return set(present_at(shown, with_children_rules(release, conformal=limits), threshold).cautions)


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
