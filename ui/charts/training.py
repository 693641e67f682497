"""Charts of the training of a release, drawn from the tables of `model.performance.chart_data`."""

import altair as alt
import pandas as pd

from ui.charts.palette import ACCENT, CLASS_COLOURS, GREY, INK, UNIT_SCALE, wrapped_labels_axis


def balance_chart(balance: pd.DataFrame) -> alt.LayerChart:
    """Return a bar chart of the share of each class in each split, with counts.

    Args:
        balance: Table of `model.performance.chart_data.class_balance`.
    """
    split_label = balance["Split"] + "|" + balance["All films"].map("{:,} films".format)
    class_label = balance["Films"].map("{:,}".format) + "|" + balance["Class"].str.lower()
    base = alt.Chart(balance.assign(split_label=split_label, class_label=class_label)).encode(
        y=alt.Y("split_label:N", title=None, sort=None, axis=wrapped_labels_axis()),
        tooltip=["Split:N", "Class:N", "Films:Q", "Patients:Q", alt.Tooltip("Share:Q", format=".1%")],
    )
    x = alt.X(
        "Share:Q", title="Share of the films", stack="zero", scale=UNIT_SCALE, axis=alt.Axis(format=".0%", tickCount=5)
    )
    bars = base.mark_bar().encode(
        x=x, color=alt.Color("Class:N", scale=CLASS_COLOURS, legend=None), order=alt.Order("Middle:Q")
    )
    text = base.mark_text(color=INK, lineBreak="|", fontSize=13, lineHeight=15, dy=-7).encode(
        x=alt.X("Middle:Q"), text="class_label:N"
    )
    return alt.LayerChart(layer=[bars, text]).properties(height=260)


def learning_chart(history: pd.DataFrame, column: str) -> alt.LayerChart:
    """Return a line chart of loss or AUC by epoch, with the epoch that was kept.

    Args:
        history: Table of `model.performance.chart_data.learning_curves`.
        column: "Loss" or "AUC".
    """
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
    kept_rule = alt.Chart(kept).mark_rule(color=GREY, strokeWidth=2, strokeDash=[5, 3]).encode(x="Epoch:O")
    line, points = base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=60, opacity=1)
    return alt.LayerChart(layer=[kept_rule, line, points]).properties(
        height=320, title=alt.Title(f"dashed: epoch {kept['Epoch'].iloc[0]}, which was kept", fontSize=13)
    )
