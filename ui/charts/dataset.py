"""Charts of the labelled set, drawn from the tables of `dataset.explorer.summary`."""

import altair as alt
import pandas as pd

from ui.charts.palette import CLASS_COLOURS

_BOTTOM_LEGEND = alt.Legend(orient="bottom", title=None)


def patients_chart(patients: pd.DataFrame) -> alt.Chart:
    """Return a bar chart of the number of images per patient.

    Args:
        patients: Table of `dataset.explorer.summary.images_per_patient`.
    """
    chart: alt.Chart = (
        alt.Chart(patients)
        .mark_bar()
        .encode(
            x=alt.X("Pictures:N", title="Pictures of one patient", sort=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("Class:N"),
            y=alt.Y(
                "Patients:Q", scale=alt.Scale(type="symlog"), axis=alt.Axis(values=[0, 1, 10, 100, 1000], format="d")
            ),
            color=alt.Color("Class:N", scale=CLASS_COLOURS, legend=_BOTTOM_LEGEND),
            tooltip=["Class:N", alt.Tooltip("Pictures:N", title="Pictures of each"), "Patients:Q"],
        )
        .properties(height=260)
    )
    return chart


def distribution_chart(bins: pd.DataFrame, title: str) -> alt.Chart:
    """Return the distribution of a measure within each class, as steps.

    The classes also differ by dashes, so that colour is not needed to tell them apart.

    Args:
        bins: Table of `dataset.explorer.summary.distribution`.
        title: Name of the measure, with its unit.
    """
    last_bins = bins.groupby("Class", sort=False).tail(1)
    end_points = last_bins.assign(low=last_bins["high"])  # a step line needs the end of its last step
    edge_format = ".2f" if bins["high"].max() < 10 else ".0f"
    chart: alt.Chart = (
        alt.Chart(pd.concat([bins, end_points]))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False, nice=False)),
            y=alt.Y("Share:Q", title="Share of the class", axis=alt.Axis(format=".0%", tickCount=4)),
            color=alt.Color("Class:N", scale=CLASS_COLOURS, legend=_BOTTOM_LEGEND),
            strokeDash=alt.StrokeDash(
                "Class:N", scale=alt.Scale(domain=CLASS_COLOURS.domain, range=[[1, 0], [6, 3]]), legend=_BOTTOM_LEGEND
            ),
            tooltip=[
                "Class:N",
                alt.Tooltip("low:Q", title="From", format=edge_format),
                alt.Tooltip("high:Q", title="to", format=edge_format),
                "Films:Q",
                alt.Tooltip("Share:Q", format=".1%"),
            ],
        )
        .properties(height=260)
    )
    return chart
