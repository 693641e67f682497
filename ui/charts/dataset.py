"""Charts of the labelled set, drawn from the tables of `dataset.explorer.summary`."""

import altair as alt
import pandas as pd

from model.performance.terms import term
from model.translation import gettext as _
from ui.charts.palette import bottom_legend, class_colours, class_names


def patients_chart(patients: pd.DataFrame) -> alt.Chart:
    """Return a bar chart of the number of images per patient.

    Args:
        patients: Table from `dataset.explorer.summary.images_per_patient`.
    """
    chart: alt.Chart = (
        alt.Chart(_with_class_names(patients))
        .mark_bar()
        .encode(
            x=alt.X("Images:N", title=_("Images per patient"), sort=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("Class:N"),
            y=alt.Y(
                "Patients:Q",
                title=_("Patients"),
                scale=alt.Scale(type="symlog"),
                axis=alt.Axis(values=[0, 1, 10, 100, 1000], format="d"),
            ),
            color=alt.Color("Class:N", scale=class_colours(), legend=bottom_legend()),
            tooltip=[
                alt.Tooltip("Class:N", title=_("Class")),
                alt.Tooltip("Images:N", title=_("Images per patient")),
                alt.Tooltip("Patients:Q", title=_("Patients")),
            ],
        )
        .properties(height=260)
    )
    return chart


def distribution_chart(bins: pd.DataFrame, title: str) -> alt.Chart:
    """Return a step chart of the distribution of a measure within each class.

    The classes also differ in the dashes of their lines, so the chart does not rely on colour alone.

    Args:
        bins: Table from `dataset.explorer.summary.distribution`.
        title: Name of the measure, with its unit.
    """
    last_bins = bins.groupby("Class", sort=False).tail(1)
    end_points = last_bins.assign(low=last_bins["high"])  # a step line needs the end of its last step
    edge_format = ".2f" if bins["high"].max() < 10 else ".0f"
    chart: alt.Chart = (
        alt.Chart(_with_class_names(pd.concat([bins, end_points])))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False, nice=False), axis=alt.Axis(tickCount=8)),
            y=alt.Y("Share:Q", title=_("Share of the class"), axis=alt.Axis(format=".0%", tickCount=4)),
            color=alt.Color("Class:N", scale=class_colours(), legend=bottom_legend()),
            strokeDash=alt.StrokeDash(
                "Class:N", scale=alt.Scale(domain=class_names(), range=[[1, 0], [6, 3]]), legend=bottom_legend()
            ),
            tooltip=[
                alt.Tooltip("Class:N", title=_("Class")),
                alt.Tooltip("low:Q", title=_("From"), format=edge_format),
                alt.Tooltip("high:Q", title=_("To"), format=edge_format),
                alt.Tooltip("Images:Q", title=_("Images")),
                alt.Tooltip("Share:Q", title=_("Share of the class"), format=".1%"),
            ],
        )
        .properties(height=260)
    )
    return chart


def _with_class_names(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(Class=table["Class"].map(term))
