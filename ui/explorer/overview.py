"""Overview of the labelled set: counts, patients, mean radiographs, brightness and size, probabilities."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from dataset.explorer.mean_radiographs import SATURATING_DIFFERENCE, MeanRadiograph, difference_image
from dataset.explorer.summary import MEASURES, counts, distribution, images_per_patient
from dataset.sources import SOURCES
from model.codes import Label, Population, SplitName
from model.inference.release_loader import Release
from model.performance.chart_data import class_balance, histogram
from model.performance.release_data import predictions_of
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _
from ui.charts.dataset import distribution_chart, patients_chart
from ui.charts.performance import histogram_chart
from ui.charts.training import balance_chart
from ui.images import encode_png
from ui.resources import current_mean_radiographs
from ui.settings import selected_operating_point

_PAIRS = (
    (str(Label.PNEUMONIA), str(Label.NORMAL)),
    (f"{Label.PNEUMONIA}, bacterial", f"{Label.PNEUMONIA}, viral"),
)
_HISTOGRAM_TITLES = {
    SplitName.TRAINING: N_("**Training** (n = {n:,}). Square-root scale."),
    SplitName.VALIDATION: N_("**Validation** (n = {n:,}). Square-root scale."),
    SplitName.TEST: N_("**Test** (n = {n:,}). Square-root scale."),
}


def show_overview(release: Release, rows: pd.DataFrame) -> None:
    """Draw the overview of the rows of a catalogue. Everything comes from the release, so no images are needed."""
    st.subheader(_("Images and patients"), anchor=False)
    st.markdown(_(SOURCES[Population.CHILDREN].description))
    st.table(counts(rows).rename(index=group_name, columns=group_name))
    show_balance(rows)

    st.subheader(_("Mean radiographs"), anchor=False)
    st.markdown(
        _(
            "The mean of all training images in a group shows no individual patient. The third image in each row is "
            "the difference between the other two: orange if the first is denser (brighter), blue if the second is. "
            "Colours saturate at a difference of {levels:.0f} out of 255 grey levels."
        ).format(levels=SATURATING_DIFFERENCE)
    )
    _show_mean_radiographs(current_mean_radiographs(release))

    st.subheader(_("Brightness, contrast and size"), anchor=False)
    st.markdown(
        _(
            "None of these measures shows disease, but some of them predict the class. A model that relies on such "
            "cues may fail elsewhere. The page **Model performance** shows to what extent this model "
            "can use them."
        )
    )
    show_charts_in_pairs(
        [(_(title), distribution_chart(distribution(rows, measure), _(title))) for measure, title in MEASURES.items()]
    )

    st.subheader(_("Probability by class and split"), anchor=False)
    st.markdown(_("At the training prevalence. Results on training images are optimistic."))
    threshold = selected_operating_point(release).threshold
    for column, (split, title) in zip(st.columns(3, gap="large"), _HISTOGRAM_TITLES.items(), strict=True):
        predictions = predictions_of(rows[rows["split"] == split])
        with column:
            st.markdown(_(title).format(n=len(predictions.target)))
            st.altair_chart(histogram_chart(histogram(predictions), threshold), width="stretch")


def _show_mean_radiographs(means: dict[str, MeanRadiograph]) -> None:
    for first, second in _PAIRS:
        if not {first, second} <= means.keys():
            continue
        first_name, second_name = group_name(first), group_name(second)
        with st.grid(3, min_column_width=200, gap="small"):
            for title, name in ((first, first_name), (second, second_name)):
                mean = means[title]
                st.image(
                    encode_png(np.rint(mean.pixels).clip(0, 255).astype(np.uint8)),
                    _("{group} (mean, n = {n:,})").format(group=name, n=mean.n),
                    width="stretch",
                    alt=_("Mean radiograph, {group}").format(group=name),
                )
            st.image(
                encode_png(difference_image(means[first], means[second])),
                _("Difference: {first} minus {second}").format(first=first_name, second=second_name),
                width="stretch",
                alt=_(
                    "Difference between the mean radiographs: orange if {first} is denser, blue if {second} is denser"
                ).format(first=first_name, second=second_name),
            )


def show_charts_in_pairs(charts: Sequence[tuple[str, alt.Chart]]) -> None:
    """Draw charts with their titles in two columns."""
    for first in range(0, len(charts), 2):
        for column, (title, chart) in zip(st.columns(2, gap="large"), charts[first : first + 2], strict=True):
            with column:
                st.markdown(f"**{title}**")
                st.altair_chart(chart, width="stretch")


def group_name(group: str) -> str:
    """Return the name of a split, or of a label and cause such as "PNEUMONIA, viral"."""
    return ", ".join(map(term, group.split(", ")))


def show_balance(rows: pd.DataFrame) -> None:
    """Draw the classes in each split and the number of images per patient, for the rows of any catalogue."""
    balance, patients = st.columns(2, gap="large")
    with balance:
        st.markdown(_("**Classes by split**"))
        st.altair_chart(balance_chart(class_balance(rows)), width="stretch")
    with patients:
        st.markdown(_("**Images per patient**. Logarithmic scale."))
        st.altair_chart(patients_chart(images_per_patient(rows)), width="stretch")
