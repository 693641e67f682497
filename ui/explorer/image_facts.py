"""Facts about one labelled image: label, the model's result, split, and what the data set states."""

import pandas as pd
import streamlit as st

from dataset.sources import SOURCES
from model.codes import Population
from model.inference.finding import Finding
from model.inference.release_loader import Release
from model.performance.terms import term, verdict_name
from model.translation import gettext as _
from model.translation import ngettext
from ui.formatting import distinct_percents, percent
from ui.gallery import OUTCOME_MARKS, SPLIT_MARKS, label_text
from ui.reading.finding_panel import PROBABILITY_LABEL
from ui.settings import selected_operating_point


def show_facts(row: pd.Series, release: Release) -> None:
    """Draw the facts about an image that the release was measured on."""
    point = selected_operating_point(release)
    probability, threshold = distinct_percents(row["probability"], point.threshold)
    st.markdown(_("Label: **{label}**").format(label=label_text(row)))
    outcome = _("Model: {verdict} ({outcome})")
    st.markdown(outcome.format(verdict=verdict_name(row["verdict"]), outcome=_(OUTCOME_MARKS[row["outcome"]])))
    prevalence = release.populations[Population.CHILDREN].training_prevalence
    st.metric(_(PROBABILITY_LABEL).format(prevalence=percent(prevalence)), probability)
    mark = SPLIT_MARKS[row["split"]]
    _show_table(
        {
            _("Decision threshold"): _("{threshold} ({name})").format(threshold=threshold, name=term(point.name)),
            _("Patient"): _("{patient} (inferred from the file name)").format(patient=row["patient"]),
            _("Split"): f"{term(row['split'])} {_(mark) if mark else ''}",
            _("Original size"): _size_text(row),
            _("Mean grey value"): _("{value:.0f} out of 255").format(value=row["intensity"]),
            _("Contrast"): _("{value:.0f} out of 255").format(value=row["contrast"]),
        }
    )


def show_unmeasured_facts(row: pd.Series, finding: Finding | None) -> None:
    """Draw the facts about an image that the release was not measured on.

    Args:
        row: Row of the image, from `dataset.explorer.catalogue.unmeasured_catalogue`.
        finding: Finding of the model that is in use; None if the image was not read.
    """
    st.markdown(_("Label: **{label}**").format(label=label_text(row)))
    facts = {}
    if finding:
        point = finding.operating_point
        probability, threshold = distinct_percents(finding.probability, point.threshold)
        st.markdown(_("Model: {verdict}").format(verdict=verdict_name(finding.verdict)))
        st.metric(_(PROBABILITY_LABEL).format(prevalence=percent(finding.prevalence)), probability)
        facts = {_("Decision threshold"): _("{threshold} ({name})").format(threshold=threshold, name=term(point.name))}
    source = SOURCES[Population(row["population"])]
    _show_table(
        facts
        | {
            _("Radiologists' boxes"): boxes_text(row),
            _("Patient"): _("{patient} (pseudonym)").format(patient=row["patient"]),
            _("Split"): term(row["split"]),
            _("Source"): _(source.name),
        }
    )


def boxes_text(row: pd.Series) -> str:
    """Return how many boxes radiologists drew around opacities."""
    n_boxes = len(row["opacities"] or ())
    return ngettext("{n} box", "{n} boxes", n_boxes).format(n=n_boxes) if n_boxes else _("none drawn")


def _show_table(facts: dict[str, str]) -> None:
    st.table(pd.DataFrame({"": facts}), hide_header=True)


def _size_text(row: pd.Series) -> str:
    if pd.isna(row["width"]):
        return _("not known")
    return _("{width:.0f} x {height:.0f} px").format(width=row["width"], height=row["height"])
