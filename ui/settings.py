"""Operating point and prevalence: chosen once, on any page, and kept for the browser session."""

import streamlit as st

from model.inference.decision import OperatingPoint
from model.inference.finding import Finding, restate
from model.inference.release_loader import Release

_POINT, _PREVALENCE = "operating_point", "prevalence"
_QUERY_PARAM, _SHARED = "point", "shared_point"
_MIN_PERCENT, _MAX_PERCENT = 1, 99  # percent


def selected_operating_point(release: Release) -> OperatingPoint:
    """The operating point of this session, the release's default until another is chosen."""
    names = [point.name for point in release.operating_points]
    name = st.session_state.get(_POINT)
    return release.operating_point(name if name in names else None)  # a new release may have other names


def selected_prevalence(release: Release) -> float:
    """The prevalence of this session, 0-1, that of the training pictures until another is chosen."""
    percent = st.session_state.get(_PREVALENCE)
    return release.training_prevalence if percent is None else percent / 100


def at_session_settings(finding: Finding, release: Release) -> Finding:
    """A finding of `Classifier.read` at this session's operating point and prevalence.

    One that another release gave, before this one took its place, stays as it was given.
    """
    if finding.model_version != release.version:
        return finding
    return restate(finding, release, selected_operating_point(release), selected_prevalence(release))


def settings_controls(release: Release) -> None:
    """Draw the two controls, which start with what the session has chosen."""
    left, right = st.columns(2, gap="medium")
    with left:
        operating_point_control(release)
    with right:
        _prevalence_control(release)


def operating_point_control(release: Release) -> None:
    """Draw the choice of the operating point, which starts with what the session has chosen."""
    points = {point.name: point for point in release.operating_points}
    # At every run: right after a change of page the key still names the control of the page before.
    st.session_state[_control_key(_POINT)] = selected_operating_point(release).name
    st.segmented_control(
        "Operating point",
        list(points),
        key=_control_key(_POINT),
        required=True,
        on_change=_keep,
        args=(_POINT,),
        help="  \n".join(f"**{point.name}**: {point.chosen}" for point in points.values()),
    )


def bind_operating_point_to_url(release: Release) -> None:
    """Keep the operating point in the page's address, and take it from an address that somebody has sent."""
    named = st.query_params.get(_QUERY_PARAM)
    if named != st.session_state.get(_SHARED) and named in [point.name for point in release.operating_points]:
        st.session_state[_POINT] = named
    st.session_state[_SHARED] = selected_operating_point(release).name
    # Only where it differs: this writes all of the address as the server knows it, and a slow browser may have sent
    # that of before, so that the filter which has just been chosen would be taken out of it.
    if named != st.session_state[_SHARED]:
        st.query_params[_QUERY_PARAM] = st.session_state[_SHARED]


def _prevalence_control(release: Release) -> None:
    st.session_state[_control_key(_PREVALENCE)] = st.session_state.get(_PREVALENCE)
    st.number_input(
        "Prevalence: of 100 children that you film, how many have pneumonia?",
        _MIN_PERCENT,
        _MAX_PERCENT,
        value=None,
        placeholder=f"{100 * release.training_prevalence:.0f}, as among the training pictures",
        key=_control_key(_PREVALENCE),
        on_change=_keep,
        args=(_PREVALENCE,),
        help="The probability that is shown follows from it (Bayes). The verdict does not change with it.",
    )


def _control_key(name: str) -> str:
    """The key of a control. Streamlit keeps a control's value for one page at most, so it is not the setting's key."""
    return f"{name}_control"


def _keep(name: str) -> None:
    st.session_state[name] = st.session_state[_control_key(name)]
