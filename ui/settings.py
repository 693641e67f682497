"""Operating point and prevalence: chosen on any page and kept for the browser session."""

from dataclasses import dataclass

import streamlit as st

from model.inference.decision import OperatingPoint
from model.inference.finding import Finding, HeatMapCheck, present
from model.inference.release_loader import Release
from ui.formatting import per_hundred

_POINT, _PREVALENCE = "operating_point", "prevalence"
_QUERY_PARAM, _SHARED_POINT = "point", "shared_point"
_MIN_PERCENT, _MAX_PERCENT = 1, 99


@dataclass(frozen=True)
class SessionSettings:
    """What the findings of a session are presented with.

    Attributes:
        release: Release in use.
        point: Operating point of the release.
        prevalence: Share of pneumonia among the children who are imaged, 0-1.
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
    names = [point.name for point in release.operating_points]
    name = st.session_state.get(_POINT)
    return release.operating_point(name if name in names else None)  # a new release may have other names


def selected_prevalence(release: Release) -> float:
    """Return the prevalence of this session, 0-1, by default that of the training images."""
    percent = st.session_state.get(_PREVALENCE)
    return release.training_prevalence if percent is None else percent / 100


def settings_controls(release: Release) -> None:
    """Draw the controls of operating point and prevalence, set to the session's values."""
    left, right = st.columns(2, gap="medium")
    with left:
        operating_point_control(release)
    with right:
        _prevalence_control(release)


def operating_point_control(release: Release) -> None:
    """Draw the control of the operating point, set to the session's value."""
    points = {point.name: point for point in release.operating_points}
    # Set at every run: right after a change of page, the key still names the control of the previous page.
    st.session_state[_control_key(_POINT)] = selected_operating_point(release).name
    st.segmented_control(
        "Operating point",
        list(points),
        key=_control_key(_POINT),
        required=True,
        on_change=_keep,
        args=(_POINT,),
        help="  \n".join(f"**{point.name}**: {point.rationale}" for point in points.values()),
    )


def bind_operating_point_to_url(release: Release) -> None:
    """Keep the operating point in the URL of the page, and take it from a URL that somebody has sent."""
    url_name = st.query_params.get(_QUERY_PARAM)
    if url_name != st.session_state.get(_SHARED_POINT) and url_name in [p.name for p in release.operating_points]:
        st.session_state[_POINT] = url_name
    st.session_state[_SHARED_POINT] = selected_operating_point(release).name
    # Written only if it differs. Writing sends the whole query as the server knows it. A slow browser may have sent an
    # earlier query, so a filter that was chosen just now would be removed from the URL.
    if url_name != st.session_state[_SHARED_POINT]:
        st.query_params[_QUERY_PARAM] = st.session_state[_SHARED_POINT]


def _prevalence_control(release: Release) -> None:
    st.session_state[_control_key(_PREVALENCE)] = st.session_state.get(_PREVALENCE)
    st.number_input(
        "Prevalence: of 100 children that you film, how many have pneumonia?",
        _MIN_PERCENT,
        _MAX_PERCENT,
        value=None,
        placeholder=f"{per_hundred(release.training_prevalence)}, as among the training pictures",
        key=_control_key(_PREVALENCE),
        on_change=_keep,
        args=(_PREVALENCE,),
        help="The probability that is shown follows from it (Bayes). The verdict does not change with it.",
    )


def _control_key(name: str) -> str:
    """Return the key of a control. It is not the key of the setting, since Streamlit drops it with the page."""
    return f"{name}_control"


def _keep(name: str) -> None:
    st.session_state[name] = st.session_state[_control_key(name)]
