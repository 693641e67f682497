"""Choice of the population on the page "Model performance", introduction, headings of sections, and links to them."""

from collections.abc import Iterable

import streamlit as st

from model.codes import Population
from model.inference.decision import OperatingPoint
from model.inference.release_loader import Release
from model.performance.operating_points import sample_sentence
from model.performance.schema import SplitMetrics
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _

_SECTIONS = {  # titles, by anchor
    "children": N_("What to expect in 1,000 patients"),
    "thresholds": N_("Decision thresholds"),
    "curves": N_("ROC and precision-recall curves"),
    "probabilities": N_("Probabilities"),
    "indeterminate": N_("Indeterminate results"),
    "causes": N_("Sensitivity by cause"),
    "appearances": N_("Sensitivity by appearance"),
    "lungs": N_("Does the model use the lungs?"),
    "refused": N_("Refused images"),
    "heat-maps": N_("How reliable are the heat maps?"),
    "population": N_("Outside the intended population"),
    "other-hospital": N_("Adults of another hospital"),
    "training": N_("Training"),
}


def population_control(release: Release) -> Population:
    """Draw the control for the population to show, kept in the URL; nothing if the release has one population."""
    populations = list(release.populations)
    if len(populations) == 1:
        return populations[0]
    chosen = st.segmented_control(
        _("Patients"),
        list(map(str, populations)),
        default=str(populations[0]),
        format_func=term,  # in English, the address has the code
        key="population",
        bind="query-params",
        required=True,
    )
    return Population(chosen)


def show_introduction(test: SplitMetrics, population: Population, point: OperatingPoint) -> None:
    """State which metrics are shown and on which images they were measured."""
    if population is Population.CHILDREN:
        scope = _(
            "Unless stated otherwise, metrics are for this split at the selected decision threshold ({point}). 95% "
            "confidence intervals, clustered by patient, are in brackets. All children were treated at one hospital."
        )
    else:
        scope = _(
            "Unless stated otherwise, metrics are for this split at the selected decision threshold ({point}). 95% "
            "confidence intervals, clustered by patient, are in brackets. Radiologists labelled the images as negative "
            "for pneumonia, or with a typical, indeterminate or atypical appearance of it."
        )
    st.caption(f"{sample_sentence(test, population)} {scope.format(point=term(point.name))}")


def show_links(anchors: Iterable[str]) -> None:
    """Draw links to the sections with these anchors."""
    st.markdown(" | ".join(f"[{_(_SECTIONS[anchor])}](#{anchor})" for anchor in anchors))


def section_heading(anchor: str) -> None:
    """Draw the heading of the section with this anchor."""
    st.subheader(_(_SECTIONS[anchor]), anchor=anchor)
