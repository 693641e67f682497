"""Charts of the training of a release, drawn from the tables of `model.performance.chart_data`."""

import altair as alt
import pandas as pd

from model.codes import SplitName
from model.performance.terms import term
from model.translation import N_, ngettext
from model.translation import gettext as _
from ui.charts.palette import ACCENT, GREY, INK, UNIT_SCALE, bottom_legend, class_colours, wrapped_labels_axis

_CURVE_TITLES = {"loss": N_("Loss"), "auc": N_("AUC")}


def balance_chart(balance: pd.DataFrame) -> alt.LayerChart:
    """Return a bar chart of the share of each class in each split, with counts.

    Args:
        balance: Table from `model.performance.chart_data.class_balance`.
    """
    split, label = balance["split"].map(term), balance["label"].map(term)
    texts = {
        "split": split,
        "label": label,
        "split_label": split + "|" + balance["split_images"].map(_image_count),
        "class_label": balance["images"].map("{:,}".format) + "|" + label,
    }
    base = alt.Chart(balance.assign(**texts)).encode(
        y=alt.Y("split_label:N", title=None, sort=None, axis=wrapped_labels_axis()),
        tooltip=[
            alt.Tooltip("split:N", title=_("Split")),
            alt.Tooltip("label:N", title=_("Class")),
            alt.Tooltip("images:Q", title=_("Images")),
            alt.Tooltip("patients:Q", title=_("Patients")),
            alt.Tooltip("share:Q", title=_("Share of images"), format=".1%"),
        ],
    )
    x = alt.X(
        "share:Q",
        title=_("Share of images"),
        stack="zero",
        scale=UNIT_SCALE,
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    bars = base.mark_bar().encode(
        x=x, color=alt.Color("label:N", scale=class_colours(), legend=None), order=alt.Order("middle:Q")
    )
    text = base.mark_text(color=INK, lineBreak="|", fontSize=13, lineHeight=15, dy=-7).encode(
        x=alt.X("middle:Q"), text="class_label:N"
    )
    return alt.LayerChart(layer=[bars, text]).properties(height=260)


def learning_chart(history: pd.DataFrame, column: str) -> alt.LayerChart:
    """Return a line chart of loss or AUC by epoch, with the epoch that was kept.

    Args:
        history: Table from `model.performance.chart_data.learning_curves`.
        column: "loss" or "auc".
    """
    title = _(_CURVE_TITLES[column])
    names = [term(SplitName.TRAINING), term(SplitName.VALIDATION)]
    base = alt.Chart(history.assign(split=history["split"].map(term))).encode(
        x=alt.X("epoch:O", title=_("Epoch"), axis=alt.Axis(labelAngle=0)),
        y=alt.Y(f"{column}:Q", title=title, scale=alt.Scale(zero=False)),
        color=alt.Color("split:N", scale=alt.Scale(domain=names, range=[GREY, ACCENT]), legend=bottom_legend()),
        shape=alt.Shape("split:N", scale=alt.Scale(domain=names, range=["square", "circle"]), legend=bottom_legend()),
        tooltip=[
            alt.Tooltip("epoch:O", title=_("Epoch")),
            alt.Tooltip("split:N", title=_("Split")),
            alt.Tooltip(f"{column}:Q", title=title, format=".4f"),
        ],
    )
    kept = history[history["is_kept"]].iloc[:1]
    kept_rule = alt.Chart(kept).mark_rule(color=GREY, strokeWidth=2, strokeDash=[5, 3]).encode(x="epoch:O")
    line, points = base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=60, opacity=1)
    chart_title = _("Dashed line: epoch {epoch}, which was kept").format(epoch=kept["epoch"].iloc[0])
    return alt.LayerChart(layer=[kept_rule, line, points]).properties(
        height=320, title=alt.Title(chart_title, fontSize=13)
    )


def _image_count(n: int) -> str:
    return ngettext("{n:,} image", "{n:,} images", n).format(n=n)
