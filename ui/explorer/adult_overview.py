"""Overview of the labelled adults: counts, patients, boxes and framing. The release has no results for them."""

import pandas as pd
import streamlit as st

from dataset.explorer.summary import (
    FRAMING_MEASURES,
    PNEUMONIA_APPEARANCES,
    box_counts,
    counts,
    distribution,
)
from dataset.sources import SOURCES
from model.codes import Population
from model.performance.terms import term
from model.translation import gettext as _
from ui.charts.dataset import distribution_chart
from ui.explorer.overview import group_name, show_balance, show_charts_in_pairs
from ui.formatting import percent


def show_adult_overview(rows: pd.DataFrame) -> None:
    """Draw the overview of the rows of a catalogue of adults."""
    st.subheader(_("Images and patients"), anchor=False)
    st.markdown(_(SOURCES[Population.ADULTS].description))
    st.markdown(_("A patient with images in several groups counts in each of them."))
    st.table(counts(rows, PNEUMONIA_APPEARANCES).rename(index=group_name, columns=group_name))
    show_balance(rows)

    st.subheader(_("Boxes around opacities"), anchor=False)
    st.markdown(_("Radiologists drew the boxes. An image with pneumonia but without a box may still show opacities."))
    st.table(_boxes_table(rows))

    if rows["lung_width"].notna().any():
        st.subheader(_("Framing"), anchor=False)
        st.markdown(
            _(
                "The size of the lungs in the image shows no disease by itself. If it predicts the class, a model may "
                "learn it as a shortcut."
            )
        )
        show_charts_in_pairs(
            [
                (_(title), distribution_chart(distribution(rows, measure), _(title)))
                for measure, title in FRAMING_MEASURES.items()
            ]
        )


def _boxes_table(rows: pd.DataFrame) -> pd.DataFrame:
    table = box_counts(rows)
    return (
        pd.DataFrame(
            {
                _("Images"): table["images"].map("{:,}".format),
                _("Images with a box"): table["with_boxes"].map("{:,}".format),
                _("Boxes"): table["boxes"].map("{:,}".format),
                _("Share of the image (median)"): table["covered"].map(
                    lambda share: percent(share) if share > 0 else ""
                ),
            }
        )
        .rename(index=term)
        .rename_axis(_("Study label"))
    )
