"""Charts of how a release was trained; each takes what `model.performance.chart_data` has counted and only draws it."""

import altair as alt
import pandas as pd

from ui.charts.palette import ACCENT, CLASS_COLOURS, GREY, INK, UNIT_SCALE, wrapped_labels_axis


def balance_chart(balance: pd.DataFrame) -> alt.LayerChart:
    """Share of each class in each split, with counts; `balance` of `model.performance.chart_data.class_balance`."""
    label = balance["Split"] + "|" + balance["All films"].map("{:,} films".format)
    words = balance["Films"].map("{:,}".format) + "|" + balance["Class"].str.lower()
    base = alt.Chart(balance.assign(label=label, words=words)).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=wrapped_labels_axis()),
        tooltip=["Split:N", "Class:N", "Films:Q", "Patients:Q", alt.Tooltip("Share:Q", format=".1%")],
    )
    x = alt.X(
        "Share:Q", title="Share of the films", stack="zero", scale=UNIT_SCALE, axis=alt.Axis(format=".0%", tickCount=5)
    )
    bars = base.mark_bar().encode(
        x=x, color=alt.Color("Class:N", scale=CLASS_COLOURS, legend=None), order=alt.Order("Middle:Q")
    )
    text = base.mark_text(color=INK, lineBreak="|", fontSize=13, lineHeight=15, dy=-7).encode(
        x=alt.X("Middle:Q"), text="words:N"
    )
    return alt.layer(bars, text).properties(height=260)


def learning_chart(history: pd.DataFrame, column: str) -> alt.LayerChart:
    """Loss or AUC by epoch, and the epoch that was kept; `history` of `model.performance.chart_data.learning_curves`."""
    colours = alt.Scale(domain=["training", "validation"], range=[GREY, ACCENT])
    legend = alt.Legend(orient="bottom", title=None)
    base = alt.Chart(history).encode(
        x=alt.X("Epoch:O", title="Epoch (pass over the training pictures)", axis=alt.Axis(labelAngle=0)),
        y=alt.Y(f"{column}:Q", title=column, scale=alt.Scale(zero=False)),
        color=alt.Color("Pictures:N", scale=colours, legend=legend),
        shape=alt.Shape(
            "Pictures:N", scale=alt.Scale(domain=colours.domain, range=["square", "circle"]), legend=legend
        ),
        tooltip=["Epoch:O", "Pictures:N", alt.Tooltip(f"{column}:Q", format=".4f")],
    )
    kept = history[history["Kept"]].iloc[:1]
    return alt.layer(
        alt.Chart(kept).mark_rule(color=GREY, strokeWidth=2, strokeDash=[5, 3]).encode(x="Epoch:O"),
        base.mark_line(strokeWidth=2),
        base.mark_point(filled=True, size=60, opacity=1),
    ).properties(height=320, title=alt.Title(f"dashed: epoch {kept['Epoch'].iloc[0]}, which was kept", fontSize=13))
