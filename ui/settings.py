"""Operating point and prevalence: chosen once, on any page, and kept for the browser session."""

import streamlit as st

from model.inference.classifier import Finding, stated
from model.inference.decision import OperatingPoint
from model.inference.release_loader import Release

_POINT, _PREVALENCE = "operating_point", "prevalence"
_ADDRESS, _SHARED = "point", "shared_point"
_LEAST, _MOST = 1, 99  # percent


def chosen_point(release: Release) -> OperatingPoint:
    """The operating point of this session, the release's default until another is chosen."""
    names = [point.name for point in release.operating_points]
    name = st.session_state.get(_POINT)
    return release.operating_point(name if name in names else None)  # a new release may have other names


def chosen_prevalence(release: Release) -> float:
    """The prevalence of this session, 0-1, that of the training pictures until another is chosen."""
    percent = st.session_state.get(_PREVALENCE)
    return release.training_prevalence if percent is None else percent / 100


def as_chosen(finding: Finding, release: Release) -> Finding:
    """A finding of `Reader.read` at this session's operating point and prevalence.

    One that another release gave, before this one took its place, stays as it was given.
    """
    if finding.model_version != release.version:
        return finding
    return stated(finding, release, chosen_point(release), chosen_prevalence(release))


def choose_settings(release: Release) -> None:
    """Draw the two controls, which start with what the session has chosen."""
    left, right = st.columns(2, gap="medium")
    with left:
        choose_point(release)
    with right:
        _choose_prevalence(release)


def choose_point(release: Release) -> None:
    """Draw the choice of the operating point, which starts with what the session has chosen."""
    points = {point.name: point for point in release.operating_points}
    # At every run: right after a change of page the key still names the control of the page before.
    st.session_state[_control(_POINT)] = chosen_point(release).name
    st.segmented_control(
        "Operating point",
        list(points),
        key=_control(_POINT),
        required=True,
        on_change=_keep,
        args=(_POINT,),
        help="  \n".join(f"**{point.name}**: {point.chosen}" for point in points.values()),
    )


def share_point(release: Release) -> None:
    """Keep the operating point in the page's address, and take it from an address that somebody has sent."""
    named = st.query_params.get(_ADDRESS)
    if named != st.session_state.get(_SHARED) and named in [point.name for point in release.operating_points]:
        st.session_state[_POINT] = named
    st.session_state[_SHARED] = chosen_point(release).name
    # Only where it differs: this writes all of the address as the server knows it, and a slow browser may have sent
    # that of before, so that the filter which has just been chosen would be taken out of it.
    if named != st.session_state[_SHARED]:
        st.query_params[_ADDRESS] = st.session_state[_SHARED]


def _choose_prevalence(release: Release) -> None:
    st.session_state[_control(_PREVALENCE)] = st.session_state.get(_PREVALENCE)
    st.number_input(
        "Prevalence: of 100 children that you film, how many have pneumonia?",
        _LEAST,
        _MOST,
        value=None,
        placeholder=f"{100 * release.training_prevalence:.0f}, as among the training pictures",
        key=_control(_PREVALENCE),
        on_change=_keep,
        args=(_PREVALENCE,),
        help="The probability that is shown follows from it (Bayes). The verdict does not change with it.",
    )


def _control(name: str) -> str:
    """The key of a control. Streamlit keeps a control's value for one page at most, so it is not the setting's key."""
    return f"{name}_control"


def _keep(name: str) -> None:
    st.session_state[name] = st.session_state[_control(name)]
