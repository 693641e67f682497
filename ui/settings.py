"""Operating point and prevalence: chosen once, on any page, and kept for the browser session."""

import streamlit as st

from model.release import Release
from model.verdict import OperatingPoint

_POINT, _PREVALENCE = "operating_point", "prevalence"
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


def choose_settings(release: Release) -> None:
    """Draw the two controls. What they hold is copied, for Streamlit forgets a control that a page does not draw."""
    points = {point.name: point for point in release.operating_points}
    left, right = st.columns(2, gap="medium")
    with left:
        st.segmented_control(
            "Operating point",
            list(points),
            default=chosen_point(release).name,
            key=f"{_POINT}_control",
            required=True,
            on_change=_keep,
            args=(_POINT,),
            help="  \n".join(f"**{point.name}**: {point.chosen}" for point in points.values()),
        )
    with right:
        st.number_input(
            "Prevalence: of 100 children that you film, how many have pneumonia?",
            _LEAST,
            _MOST,
            value=None if _PREVALENCE not in st.session_state else st.session_state[_PREVALENCE],
            placeholder=f"{100 * release.training_prevalence:.0f}, as among the training pictures",
            key=f"{_PREVALENCE}_control",
            on_change=_keep,
            args=(_PREVALENCE,),
            help="The probability that is shown follows from it (Bayes). The verdict does not change with it.",
        )


def _keep(name: str) -> None:
    st.session_state[name] = st.session_state[f"{name}_control"]
