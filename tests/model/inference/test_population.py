"""The population of a patient, and the population by whose rules an image is judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.codes import POPULATIONS, Population
from model.inference.population import judged_as, population_of

CHILDREN, ADULTS = Population.CHILDREN, Population.ADULTS
BOTH = (CHILDREN, ADULTS)
ages = st.integers(0, 130)
choices = st.sampled_from([None, *POPULATIONS])
releases = st.sampled_from([(CHILDREN,), BOTH])


@pytest.mark.parametrize(("age", "population"), [(0, CHILDREN), (17, CHILDREN), (18, ADULTS), (99, ADULTS)])
def test_patients_under_18_years_are_children(age, population):
    assert population_of(age, None, BOTH) is population


@given(age=ages, choice=choices, available=releases)
def test_a_known_age_overrides_the_choice_of_the_user(age, choice, available):
    assert population_of(age, choice, available) is population_of(age, None, available)


@given(choice=choices)
def test_without_an_age_the_user_decides(choice):
    assert population_of(None, choice, BOTH) is choice


@given(choice=st.sampled_from([None, CHILDREN]))
def test_a_release_of_one_population_leaves_no_choice(choice):
    assert population_of(None, choice, (CHILDREN,)) is CHILDREN


@given(population=choices, available=releases)
def test_an_image_is_judged_by_rules_that_the_release_has(population, available):
    judge = judged_as(population, available)
    assert judge is (population if population in available else CHILDREN)
