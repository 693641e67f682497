"""Sections about checks other than the rates: shortcuts, refused images, heat maps, adults."""

from collections.abc import Mapping

import streamlit as st

from model.inference.decision import OperatingPoint
from model.inference.release_schema import ReliabilityDescription
from model.performance.admission import admission_sentences, admitted_table, inadmissible_table
from model.performance.adults import adults_sentence, external_table
from model.performance.explanations import heat_map_sentences, reliability_sentence, warnings_table
from model.performance.opacity_maps import opacity_map_table
from model.performance.population import refusal_table
from model.performance.schema import (
    AdmissionMetrics,
    ExternalMetrics,
    HeatMapMetrics,
    OpacityMapMetrics,
    PopulationMetrics,
    ShortcutAudit,
)
from model.performance.shortcut_audit import audit_sentences, strata_table
from model.translation import gettext as _
from ui.performance.headings import section_heading


def show_lungs(audit: ShortcutAudit) -> None:
    """Describe to what extent the model can use cues other than the lungs."""
    section_heading("lungs")
    st.markdown(
        _(
            "In this data set, an image's framing, size and compression also reveal its class. A model that relies on "
            "such cues may fail elsewhere. These measurements show how strong the cues are and to what extent the "
            "model can use them:"
        )
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in audit_sentences(audit)))
    if rows := strata_table(audit):
        st.markdown(_("Performance among images of similar original width:"))
        st.dataframe(rows, hide_index=True)


def show_refused(admission: AdmissionMetrics) -> None:
    """Draw the error rates of the admission check."""
    section_heading("refused")
    st.markdown("\n".join(f"- {sentence}" for sentence in admission_sentences(admission)))
    st.dataframe(admitted_table(admission), hide_index=True)
    st.markdown(_("Unsuitable images, with 95% confidence intervals:"))
    st.dataframe(inadmissible_table(admission), hide_index=True, height="content")


def show_heat_maps(
    explanations: HeatMapMetrics | None,
    limits: ReliabilityDescription | None,
    opacity_maps: Mapping[str, OpacityMapMetrics] | None,
) -> None:
    """Show how reliable heat maps are, and when the page calls one unreliable.

    Args:
        explanations: Reliability of heat maps; None if it was not measured.
        limits: Limits of the check; None if the release has none.
        opacity_maps: Measurements of opacity maps by population; None if there are none.
    """
    section_heading("heat-maps")
    st.markdown(reliability_sentence(limits))
    if rows := warnings_table(explanations):
        st.dataframe(rows, hide_index=True)
    if opacity_maps:
        st.markdown(_("Opacity maps on the test images, with 95% confidence intervals:"))
        st.dataframe(opacity_map_table(opacity_maps), hide_index=True, height="content")
    st.markdown("\n".join(f"- {sentence}" for sentence in heat_map_sentences(explanations)))


def show_refused_adults(measured: PopulationMetrics) -> None:
    """Draw how often the admission check refuses images of adults."""
    section_heading("refused")
    st.markdown(_("The same check examines images of children and adults."))
    st.dataframe(refusal_table(measured), hide_index=True)


def show_population(adults: ExternalMetrics | None, point: OperatingPoint) -> None:
    """Draw the performance on adults, for whom the model is not intended."""
    section_heading("population")
    _show_external(adults, point)


def show_other_hospital(adults: ExternalMetrics | None, point: OperatingPoint) -> None:
    """Draw the performance on adults of another hospital."""
    section_heading("other-hospital")
    _show_external(adults, point)


def _show_external(adults: ExternalMetrics | None, point: OperatingPoint) -> None:
    st.markdown(adults_sentence(adults, point.name))
    if rows := external_table(adults, point.name):
        st.dataframe(rows, hide_index=True)
