"""Overview of the labelled set: counts, patients, mean radiographs, brightness and size, probabilities."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from dataset.explorer.mean_radiographs import SATURATING_DIFFERENCE, MeanRadiograph, difference_image
from dataset.explorer.summary import MEASURES, counts, distribution, images_per_patient
from model.codes import SPLITS
from model.inference.release_loader import Release
from model.performance.chart_data import class_balance, histogram
from model.performance.release_data import predictions_of
from ui.charts.dataset import distribution_chart, patients_chart
from ui.charts.performance import histogram_chart
from ui.charts.training import balance_chart
from ui.images import encode_png
from ui.resources import current_mean_radiographs
from ui.settings import selected_operating_point

_PAIRS = (("PNEUMONIA", "NORMAL"), ("PNEUMONIA, bacterial", "PNEUMONIA, viral"))


def show_overview(release: Release, rows: pd.DataFrame) -> None:
    """Draw the overview of the rows of a catalogue. Everything comes from the release, so no images are needed."""
    st.subheader("Pictures and patients", anchor=False)
    st.markdown("How many pictures there are, and of how many patients, as far as file names tell them apart:")
    st.dataframe(counts(rows))
    balance, patients = st.columns(2, gap="large")
    with balance:
        st.markdown("**Class by part of the set**")
        st.altair_chart(balance_chart(class_balance(rows)), width="stretch")
    with patients:
        st.markdown("**Pictures per patient**. Heights are logarithms.")
        st.altair_chart(patients_chart(images_per_patient(rows)), width="stretch")

    st.subheader("Mean radiographs", anchor=False)
    st.markdown(
        "The mean of all training pictures of a kind, none of them anybody's, and the difference of two: orange where "
        "the first is denser (brighter), blue where the second is, in full colour from "
        f"{SATURATING_DIFFERENCE:.0f} grey levels of 255 on."
    )
    _show_mean_radiographs(current_mean_radiographs(release))

    st.subheader("Brightness, contrast and size", anchor=False)
    st.markdown(
        "None of this is disease, and much of it tells the class all the same: a reader must not live on it. Page "
        "**Model performance** tells how far this one could."
    )
    _show_charts_in_pairs(
        [(title, distribution_chart(distribution(rows, measure), title)) for measure, title in MEASURES.items()]
    )

    st.subheader("Probability by class and part of the set", anchor=False)
    st.markdown(
        "At the training prevalence. Training pictures were learned from: there the reader looks better than it is."
    )
    threshold = selected_operating_point(release).threshold
    for column, split in zip(st.columns(3, gap="large"), SPLITS, strict=True):
        predictions = predictions_of(rows[rows["split"] == split])
        with column:
            st.markdown(f"**{split.capitalize()}**, {len(predictions.target):,} films. Heights are square roots.")
            st.altair_chart(histogram_chart(histogram(predictions), threshold), width="stretch")


def _show_mean_radiographs(means: dict[str, MeanRadiograph]) -> None:
    for first, second in _PAIRS:
        if not {first, second} <= means.keys():
            continue
        with st.grid(3, min_column_width=200, gap="small"):
            for title in (first, second):
                mean = means[title]
                st.image(
                    encode_png(np.rint(mean.pixels).clip(0, 255).astype(np.uint8)),
                    f"{title}, mean of {mean.n:,}",
                    width="stretch",
                    alt=f"Mean radiograph, {title}",
                )
            st.image(
                encode_png(difference_image(means[first], means[second])),
                f"{first} minus {second}",
                width="stretch",
                alt=f"Where the mean of {first} is denser, orange, or less dense, blue, than that of {second}",
            )


def _show_charts_in_pairs(charts: Sequence[tuple[str, alt.Chart]]) -> None:
    for first in range(0, len(charts), 2):
        for column, (title, chart) in zip(st.columns(2, gap="large"), charts[first : first + 2], strict=True):
            with column:
                st.markdown(f"**{title}**")
                st.altair_chart(chart, width="stretch")
