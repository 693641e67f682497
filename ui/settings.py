"""Decision threshold (operating point) and prevalence: set on any page and kept for the browser session."""

from dataclasses import dataclass

import streamlit as st

from model.codes import Population
from model.inference.decision import OperatingPoint
from model.inference.finding import Finding, HeatMapCheck, present
from model.inference.release_loader import Release
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _
from ui.formatting import per_hundred

_POINT, _PREVALENCE = "operating_point", "prevalence"
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
PREVALENCE_LABEL = N_("Of 100 children you X-ray, how many have pneumonia?")


@dataclass(frozen=True)
class SessionSettings:
    """Settings with which the findings of a session are presented.

    Attributes:
        release: Release in use.
        point: Operating point of the release.
        prevalence: Share of the X-rayed children who have pneumonia, 0-1.
    """

    release: Release
    point: OperatingPoint
    prevalence: float

    def present(self, finding: Finding, age_years: int | None, heat_map_check: HeatMapCheck) -> Finding:
        """Return a finding at these settings, see `model.inference.finding.present`."""
        return present(
            finding,
            self.release,
            point=self.point,
            prevalence=self.prevalence,
            age_years=age_years,
            heat_map_check=heat_map_check,
        )


def selected_settings(release: Release) -> SessionSettings:
    """Return the operating point and the prevalence of this session."""
    return SessionSettings(release, selected_operating_point(release), selected_prevalence(release))


def selected_operating_point(release: Release) -> OperatingPoint:
    """Return the operating point of this session, by default that of the release."""
    name = st.session_state.get(_POINT)
    known_name = name if name in release.operating_point_names else None  # a new release may have other names
    return release.populations[Population.CHILDREN].operating_point(known_name)


def selected_prevalence(release: Release) -> float:
    """Return the prevalence of this session, 0-1, by default that of the training images."""
    percent = st.session_state.get(_PREVALENCE)
    return release.populations[Population.CHILDREN].training_prevalence if percent is None else percent / 100


def settings_controls(release: Release) -> None:
    """Draw the controls for decision threshold and prevalence, set to the session's values."""
    left, right = st.columns(2, gap="medium")
    with left:
        operating_point_control(release)
    with right:
        _prevalence_control(release)


def operating_point_control(release: Release) -> None:
    """Draw the control for the operating point, set to the session's value."""
    names = release.operating_point_names
    # Set on every run: right after a change of page, the key still belongs to the control of the previous page.
    st.session_state[_control_key(_POINT)] = selected_operating_point(release).name
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


def bind_operating_point_to_url(release: Release) -> None:
    """Keep the operating point in the URL of the page, and adopt the one in a shared URL."""
    url_name = st.query_params.get(_QUERY_PARAM)
    if url_name != st.session_state.get(_SHARED_POINT) and url_name in release.operating_point_names:
        st.session_state[_POINT] = url_name
    st.session_state[_SHARED_POINT] = selected_operating_point(release).name
    # Write only if it differs. Writing replaces the whole query with the server's copy. If a slow browser has not yet
    # sent its latest query, that copy is outdated, and a filter that has just been set would disappear from the URL.
    if url_name != st.session_state[_SHARED_POINT]:
        st.query_params[_QUERY_PARAM] = st.session_state[_SHARED_POINT]


def _prevalence_control(release: Release) -> None:
    training_prevalence = release.populations[Population.CHILDREN].training_prevalence
    st.session_state[_control_key(_PREVALENCE)] = st.session_state.get(_PREVALENCE)
    st.number_input(
        _(PREVALENCE_LABEL),
        _MIN_PERCENT,
        _MAX_PERCENT,
        value=None,
        placeholder=_("{count}, as in the training images").format(count=per_hundred(training_prevalence)),
        key=_control_key(_PREVALENCE),
        on_change=_keep,
        args=(_PREVALENCE,),
        help=_("The prevalence changes the probability (by Bayes' theorem), but not the verdict."),
    )


def _control_key(name: str) -> str:
    """Return the key of a control.

    The setting itself is stored under a different key, because Streamlit discards this one when the user leaves the
    page.
    """
    return f"{name}_control"


def _keep(name: str) -> None:
    st.session_state[name] = st.session_state[_control_key(name)]
