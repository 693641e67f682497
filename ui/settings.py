"""Decision threshold (operating point), prevalence and patients: kept for the browser session.

Threshold and prevalence are set on any page, the population of the patients on the reading page.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from model.codes import Population
from model.inference.decision import OperatingPoint
from model.inference.finding import Finding, HeatMapCheck, present
from model.inference.population import judged_as, population_of
from model.inference.release_loader import Release
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _
from ui.formatting import per_hundred

_POINT, _POPULATION = "operating_point", "population"
_QUERY_PARAM, _SHARED_POINT = "point", "shared_point"
_MIN_PERCENT, _MAX_PERCENT = 1, 99
# Effects of operating points. A release may have other operating points; only their names are shown.
_POINT_EFFECTS = {
    "rule-out": N_("**rule-out**: high sensitivity. Few missed cases, more false alarms."),
    "balanced": N_("**balanced**: sensitivity and specificity are weighted equally."),
    "rule-in": N_("**rule-in**: high specificity. Few false alarms, possibly more missed cases."),
}
SETTINGS_TITLE = N_("Decision threshold and prevalence")
POINT_LABEL = N_("Decision threshold")
PREVALENCE_LABELS = {
    Population.CHILDREN: N_("Of 100 children you X-ray, how many have pneumonia?"),
    Population.ADULTS: N_("Of 100 adults you X-ray, how many have pneumonia?"),
}
POPULATION_LABEL = N_("Patients whose age is not in the file")
_NOT_STATED = "not_stated"
_POPULATION_NAMES = {
    Population.CHILDREN.value: N_("children"),
    Population.ADULTS.value: N_("adults"),
    _NOT_STATED: N_("not known"),
}


@dataclass(frozen=True)
class SessionSettings:
    """Settings with which the findings of a session are presented.

    Attributes:
        release: Release in use.
        point_name: Name of an operating point of the release.
        prevalences: Share of the X-rayed patients who have pneumonia, 0-1, for each population of the release.
        population: Population of patients whose age is unknown; None if the user has not stated one.
    """

    release: Release
    point_name: str
    prevalences: Mapping[Population, float]
    population: Population | None = None

    def operating_point(self, population: Population) -> OperatingPoint:
        """Return the operating point for a population of the release."""
        return self.release.populations[population].operating_point(self.point_name)

    def present(
        self, finding: Finding, age_years: int | None, population: Population | None, heat_map_check: HeatMapCheck
    ) -> Finding:
        """Return a finding at these settings, see `model.inference.finding.present`.

        Args:
            finding: Finding at the default settings.
            age_years: Age of the patient in completed years; None if unknown.
            population: Population stated with the image, such as that of a labelled image; None if none is stated.
            heat_map_check: Result of the heat-map check.
        """
        available = self.release.populations
        population = population_of(age_years, population or self.population, available)
        return present(
            finding,
            self.release,
            population=population,
            operating_point=self.point_name,
            prevalence=self.prevalences[judged_as(population, available)],
            age_years=age_years,
            heat_map_check=heat_map_check,
        )


def selected_settings(release: Release) -> SessionSettings:
    """Return the settings of this session."""
    prevalences = {population: _selected_prevalence(release, population) for population in release.populations}
    return SessionSettings(release, selected_point_name(release), prevalences, _selected_population(release))


def selected_point_name(release: Release) -> str:
    """Return the name of the operating point of this session, by default that of the release."""
    name = st.session_state.get(_POINT)
    if name in release.operating_point_names:  # a new release may have other names
        return str(name)
    return release.populations[Population.CHILDREN].default_operating_point


def selected_operating_point(release: Release, population: Population = Population.CHILDREN) -> OperatingPoint:
    """Return the operating point of this session for a population of the release."""
    return release.populations[population].operating_point(selected_point_name(release))


def settings_controls(release: Release) -> None:
    """Draw the controls for decision threshold and prevalence, set to the session's values."""
    left, right = st.columns(2, gap="medium")
    with left:
        operating_point_control(release)
    with right:
        for population in release.populations:
            _prevalence_control(release, population)


def operating_point_control(release: Release) -> None:
    """Draw the control for the operating point, set to the session's value."""
    names = release.operating_point_names
    # Set on every run: right after a change of page, the key still belongs to the control of the previous page.
    st.session_state[_control_key(_POINT)] = selected_point_name(release)
    st.segmented_control(
        _(POINT_LABEL),
        names,
        format_func=term,
        key=_control_key(_POINT),
        required=True,
        on_change=_keep,
        args=(_POINT,),
        help="  \n".join(_(_POINT_EFFECTS.get(name, name)) for name in names),
    )


def population_control(release: Release) -> None:
    """Draw the control for the population of patients of unknown age; nothing if the release has one population."""
    if len(release.populations) == 1:
        return
    # Text, because Streamlit compares members of an enum with the class of the options.
    st.session_state[_control_key(_POPULATION)] = str(_selected_population(release) or _NOT_STATED)
    st.segmented_control(
        _(POPULATION_LABEL),
        [*map(str, release.populations), _NOT_STATED],
        format_func=lambda name: _(_POPULATION_NAMES[name]),
        key=_control_key(_POPULATION),
        required=True,
        on_change=_keep,
        args=(_POPULATION,),
        help=_(
            "Children and adults have different decision thresholds. An age in the file, or one that you enter below, "
            "overrides this choice. If neither is known, the threshold for children is used, with a caution."
        ),
    )


def bind_operating_point_to_url(release: Release) -> None:
    """Keep the operating point in the URL of the page, and adopt the one in a shared URL."""
    url_name = st.query_params.get(_QUERY_PARAM)
    if url_name != st.session_state.get(_SHARED_POINT) and url_name in release.operating_point_names:
        st.session_state[_POINT] = url_name
    st.session_state[_SHARED_POINT] = selected_point_name(release)
    # Write only if it differs. Writing replaces the whole query with the server's copy. If a slow browser has not yet
    # sent its latest query, that copy is outdated, and a filter that has just been set would disappear from the URL.
    if url_name != st.session_state[_SHARED_POINT]:
        st.query_params[_QUERY_PARAM] = st.session_state[_SHARED_POINT]


def _selected_prevalence(release: Release, population: Population) -> float:
    """Return the prevalence of this session, 0-1, by default that of the training images."""
    percent = st.session_state.get(_prevalence_name(population))
    return release.populations[population].training_prevalence if percent is None else percent / 100


def _selected_population(release: Release) -> Population | None:
    """Return the population that the user has chosen in this session; None if the release does not have it."""
    return next((each for each in release.populations if each == st.session_state.get(_POPULATION)), None)


def _prevalence_control(release: Release, population: Population) -> None:
    name = _prevalence_name(population)
    training_prevalence = release.populations[population].training_prevalence
    st.session_state[_control_key(name)] = st.session_state.get(name)
    st.number_input(
        _(PREVALENCE_LABELS[population]),
        _MIN_PERCENT,
        _MAX_PERCENT,
        value=None,
        placeholder=_("{count}, as in the training images").format(count=per_hundred(training_prevalence)),
        key=_control_key(name),
        on_change=_keep,
        args=(name,),
        help=_("The prevalence changes the probability (by Bayes' theorem), but not the verdict."),
    )


def _prevalence_name(population: Population) -> str:
    return f"prevalence_{population}"


def _control_key(name: str) -> str:
    """Return the key of a control.

    The setting itself is stored under a different key, because Streamlit discards this one when the user leaves the
    page.
    """
    return f"{name}_control"


def _keep(name: str) -> None:
    st.session_state[name] = st.session_state[_control_key(name)]
