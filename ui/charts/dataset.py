"""Charts of the labelled set; each takes what `dataset.explorer.summary` has counted and only draws it."""

import altair as alt
import pandas as pd

from ui.charts.palette import CLASS_COLOURS

_BELOW = alt.Legend(orient="bottom", title=None)


def patients_chart(patients: pd.DataFrame) -> alt.Chart:
    """Patients by how many pictures there are of each; `patients_of` of `images_per_patient`."""
    return (
        alt.Chart(patients)
        .mark_bar()
        .encode(
            x=alt.X("Pictures:N", title="Pictures of one patient", sort=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("Class:N"),
            y=alt.Y(
                "Patients:Q", scale=alt.Scale(type="symlog"), axis=alt.Axis(values=[0, 1, 10, 100, 1000], format="d")
            ),
            color=alt.Color("Class:N", scale=CLASS_COLOURS, legend=_BELOW),
            tooltip=["Class:N", alt.Tooltip("Pictures:N", title="Pictures of each"), "Patients:Q"],
        )
        .properties(height=260)
    )


def distribution_chart(bins: pd.DataFrame, title: str) -> alt.Chart:
    """How a measure is distributed within each class, as steps; `bins` of `distribution`.

    The classes are drawn with different dashes too, so that colour is not needed to tell them apart.
    """
    ends = (
        bins.groupby("Class", sort=False).tail(1).assign(low=lambda last: last["high"])
    )  # to draw the last step whole
    format_of_edges = ".2f" if bins["high"].max() < 10 else ".0f"
    return (
        alt.Chart(pd.concat([bins, ends]))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False, nice=False)),
            y=alt.Y("Share:Q", title="Share of the class", axis=alt.Axis(format=".0%", tickCount=4)),
            color=alt.Color("Class:N", scale=CLASS_COLOURS, legend=_BELOW),
            strokeDash=alt.StrokeDash(
                "Class:N", scale=alt.Scale(domain=CLASS_COLOURS.domain, range=[[1, 0], [6, 3]]), legend=_BELOW
            ),
            tooltip=[
                "Class:N",
                alt.Tooltip("low:Q", title="From", format=format_of_edges),
                alt.Tooltip("high:Q", title="to", format=format_of_edges),
                "Films:Q",
                alt.Tooltip("Share:Q", format=".1%"),
            ],
        )
        .properties(height=260)
    )
