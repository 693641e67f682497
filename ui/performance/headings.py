"""Introduction of the page "Model performance", headings of its sections, and links to them."""

import streamlit as st

from model.inference.decision import OperatingPoint
from model.performance.operating_points import sample_sentence
from model.performance.schema import SplitMetrics
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _

_SECTIONS = {  # titles, by anchor
    "children": N_("What to expect in 1,000 children"),
    "thresholds": N_("Decision thresholds"),
    "curves": N_("ROC and precision-recall curves"),
    "probabilities": N_("Probabilities"),
    "indeterminate": N_("Indeterminate results"),
    "causes": N_("Sensitivity by cause"),
    "lungs": N_("Does the model use the lungs?"),
    "refused": N_("Refused images"),
    "heat-maps": N_("How reliable are the heat maps?"),
    "population": N_("Outside the intended population"),
    "training": N_("Training"),
}


def show_introduction(test: SplitMetrics, point: OperatingPoint) -> None:
    """State which metrics are shown and on which images they were measured, and draw links to the sections."""
    scope = _(
        "Unless stated otherwise, metrics are for this split at the selected decision threshold ({point}). 95% "
        "confidence intervals, clustered by patient, are in brackets. All children were treated at one hospital."
    ).format(point=term(point.name))
    st.caption(f"{sample_sentence(test)} {scope}")
    st.markdown(" | ".join(f"[{_(title)}](#{anchor})" for anchor, title in _SECTIONS.items()))


def section_heading(anchor: str) -> None:
    """Draw the heading of the section with this anchor."""
    st.subheader(_(_SECTIONS[anchor]), anchor=anchor)
