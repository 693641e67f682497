"""Charts of the performance of a release, drawn from tables of `model.performance`.

Orange is pneumonia and blue is normal. Colour-blind people can distinguish them, and both have a contrast of at least
3 to 1 on a light and on a dark page. No chart relies on colour alone: shape, position or text shows the same.
"""

import textwrap

import altair as alt
import pandas as pd

from model.codes import LABELS
from model.inference.decision import Verdict
from model.performance.formatting import format_estimate
from model.performance.schema import Estimate
from model.performance.terms import outcome_name, term, threshold_side
from model.translation import N_, ngettext
from model.translation import gettext as _
from ui.charts.palette import (
    ACCENT,
    GREY,
    INK,
    PNEUMONIA,
    SHAPES,
    UNIT_SCALE,
    bottom_legend,
    class_colours,
    wrapped_labels_axis,
)

CORNER_WIDTH = 0.3  # of the enlarged corner of a curve, 0-1
_SIDE_LINE_WIDTH = 14  # characters
_PERCENT_AXIS = alt.Axis(format=".0%", tickCount=5)
_AXIS_TITLES = {
    "false_alarm_rate": N_("False alarm rate (1 - specificity)"),
    "sensitivity": N_("Sensitivity (recall)"),
    "ppv": N_("PPV (precision)"),
}
_RATE_NAMES = {"sensitivity": N_("Sensitivity"), "specificity": N_("Specificity"), "ppv": N_("PPV")}


def confusion_chart(cells: pd.DataFrame) -> alt.LayerChart:
    """Return the confusion matrix as a heat map.

    Args:
        cells: Table from `model.performance.chart_data.confusion_cells`.
    """
    texts = {
        "text": [
            f"{count}|{outcome_name(outcome)}" for count, outcome in zip(cells["images"], cells["outcome"], strict=True)
        ],
        "label": cells["label"].map(term),
        "side": cells["verdict"].map(threshold_side),
        "wrapped_side": cells["verdict"].map(_wrapped_side),
    }
    labels = [term(label) for label in reversed(LABELS)]
    sides = [_wrapped_side(verdict) for verdict in (Verdict.PNEUMONIA, Verdict.NORMAL)]
    base = alt.Chart(cells.assign(**texts)).encode(
        x=alt.X(
            "wrapped_side:N",
            title=_("Probability"),
            sort=sides,
            axis=alt.Axis(
                orient="top",
                labelAngle=0,
                labelExpr="split(datum.label, '|')",
                labelLimit=0,
                labelPadding=24,
                labelFlush=False,
                ticks=False,
            ),
        ),
        y=alt.Y("label:N", title=_("Label"), sort=labels, axis=alt.Axis(labelAngle=-90, ticks=False)),
        tooltip=[
            alt.Tooltip("label:N", title=_("Label")),
            alt.Tooltip("side:N", title=_("Probability")),
            alt.Tooltip("images:Q", title=_("Images")),
            alt.Tooltip("share:Q", title=_("Share of the images with this label"), format=".1%"),
        ],
    )
    fill = alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range=["#e6eef6", "#1f6391"]), legend=None)
    ink = alt.when("datum.share > 0.5").then(alt.value("#ffffff")).otherwise(alt.value(INK))
    cell_fill = base.mark_rect(stroke=GREY, strokeWidth=1).encode(color=fill)
    cell_text = base.mark_text(lineBreak="|", fontSize=16, dy=-8, lineHeight=22).encode(text="text:N", color=ink)
    return alt.LayerChart(layer=[cell_fill, cell_text]).properties(height=260)


def curve_chart(curve: pd.DataFrame, marks: pd.DataFrame, x: str, y: str, *, corner: bool = False) -> alt.LayerChart:
    """Return a curve with the operating points on it, the selected one larger and coloured.

    Args:
        curve: Columns x, y, threshold, order, and any of the rates that the tooltips show.
        marks: Table from `model.performance.chart_data.operating_point_marks`.
        x: Column for the horizontal axis.
        y: Column for the vertical axis.
        corner: Whether to show only the corner of the best classifiers, CORNER_WIDTH wide and high.
    """
    curve = curve.assign(threshold=curve["threshold"].replace("", _("above all probabilities")))
    marks = marks.assign(operating_point=marks["operating_point"].map(term))
    x_axis = alt.X(f"{x}:Q", title=_(_AXIS_TITLES[x]), scale=_scale(x, corner), axis=_PERCENT_AXIS)
    y_axis = alt.Y(f"{y}:Q", title=_(_AXIS_TITLES[y]), scale=_scale(y, corner), axis=_PERCENT_AXIS)
    base = alt.Chart(curve).encode(x=x_axis, y=y_axis, order="order:Q")
    shape = alt.Shape(
        "operating_point:N",
        sort=None,
        scale=alt.Scale(domain=list(marks.sort_values("position")["operating_point"]), range=SHAPES[: len(marks)]),
        legend=alt.Legend(orient="bottom", title=None, symbolFillColor=GREY, symbolStrokeColor=GREY, symbolSize=90),
    )
    marks_inside = alt.Chart(marks).transform_filter(_inside(x, corner)).transform_filter(_inside(y, corner))
    points = marks_inside.mark_point(filled=True, opacity=1, stroke="#ffffff", strokeWidth=1).encode(
        x=x_axis,
        y=y_axis,
        shape=shape,
        size=alt.when("datum.is_selected").then(alt.value(260)).otherwise(alt.value(110)),
        color=alt.when("datum.is_selected").then(alt.value(ACCENT)).otherwise(alt.value(GREY)),
        tooltip=[alt.Tooltip("operating_point:N", title=_("Decision threshold")), *_rate_tooltips(marks)],
    )
    line = base.mark_line(clip=True, color=ACCENT, strokeWidth=2, interpolate="step-after" if y == "ppv" else "linear")
    # Invisible points, wide enough for a finger, that show the tooltips of the curve.
    touch_targets = base.mark_point(size=120, opacity=0, filled=True, clip=True).encode(tooltip=_rate_tooltips(curve))
    return alt.LayerChart(layer=[line, touch_targets, points]).properties(height=380)


def histogram_chart(bins: pd.DataFrame, threshold: float) -> alt.LayerChart:
    """Return a histogram of probabilities, pneumonia upwards and normal downwards, with the threshold.

    Args:
        bins: Table from `model.performance.chart_data.histogram`.
        threshold: Threshold of the operating point, 0-1.
    """
    highest = bins["images"].max()
    ticks = [count for count in (-2000, -500, -100, -25, 0, 25, 100, 500, 2000) if abs(count) <= highest]
    bars = (
        alt.Chart(bins.assign(label=bins["label"].map(term)))
        .mark_rect()
        .encode(
            x=alt.X("low:Q", title=_("Probability of pneumonia"), scale=UNIT_SCALE, axis=_PERCENT_AXIS),
            x2="high:Q",
            y2=alt.datum(0),
            y=alt.Y(
                "signed_images:Q",
                title=_("Images (pneumonia up, normal down)"),
                scale=alt.Scale(type="sqrt"),
                axis=alt.Axis(labelExpr="format(abs(datum.value), 'd')", values=ticks),
            ),
            color=alt.Color("label:N", scale=class_colours(), legend=bottom_legend()),
            tooltip=[
                alt.Tooltip("label:N", title=_("Class")),
                alt.Tooltip("images:Q", title=_("Images")),
                alt.Tooltip("low:Q", title=_("Probability from"), format=".0%"),
                alt.Tooltip("high:Q", title=_("Probability to"), format=".0%"),
            ],
        )
    )
    mark_text = _("threshold {threshold:.3f}").format(threshold=threshold)
    mark = alt.Chart(pd.DataFrame({"at": [threshold], "text": [mark_text]})).encode(x="at:Q")
    rule = mark.mark_rule(color=GREY, strokeWidth=2, strokeDash=[5, 3])
    left = threshold > 0.5
    rule_text = mark.mark_text(align="right" if left else "left", dx=-5 if left else 5, color=GREY, fontSize=13).encode(
        text="text:N", y=alt.value(10)
    )
    return alt.LayerChart(layer=[bars, rule, rule_text]).properties(height=380)


def reliability_chart(bins: pd.DataFrame) -> alt.LayerChart:
    """Return the reliability diagram: share of pneumonia by predicted probability, with intervals and the diagonal.

    Args:
        bins: Table from `model.performance.reliability_diagram.reliability_diagram`.
    """
    diagonal = alt.Chart(pd.DataFrame({"probability": [0.0, 1.0], "share": [0.0, 1.0]})).mark_line(
        color=GREY, strokeDash=[5, 3], strokeWidth=1.5
    )
    x_axis = alt.X("probability:Q", title=_("Mean predicted probability"), scale=UNIT_SCALE, axis=_PERCENT_AXIS)
    y_axis = alt.Y("share:Q", title=_("Share with pneumonia"), scale=UNIT_SCALE, axis=_PERCENT_AXIS)
    base = alt.Chart(bins).encode(x=x_axis, y=y_axis)
    bars = base.mark_rule(color=ACCENT, strokeWidth=1.5, opacity=0.7).encode(
        y=alt.Y("low:Q", scale=UNIT_SCALE), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, opacity=1, color=ACCENT).encode(
        tooltip=[
            alt.Tooltip("probability:Q", title=_("Mean predicted probability"), format=".1%"),
            alt.Tooltip("share:Q", title=_("Share with pneumonia"), format=".1%"),
            alt.Tooltip("low:Q", title=_("95% interval from"), format=".1%"),
            alt.Tooltip("high:Q", title=_("95% interval to"), format=".1%"),
            alt.Tooltip("n:Q", title=_("Images")),
        ]
    )
    return alt.LayerChart(layer=[diagonal.encode(x=x_axis, y=y_axis), bars, points]).properties(height=380)


def sensitivity_by_cause_chart(rows: pd.DataFrame) -> alt.LayerChart:
    """Return a bar chart of sensitivity by cause, with intervals.

    Args:
        rows: Table from `model.performance.operating_points.sensitivity_by_cause`.
    """
    cause, estimate = rows["cause"].map(term), [format_estimate(row) for row in _estimates(rows)]
    images = rows["images"].map(lambda n: ngettext("{n:,} image", "{n:,} images", n).format(n=n))
    rows = rows.assign(cause=cause, estimate=estimate, cause_label=cause + "|" + estimate + "|" + images)
    base = alt.Chart(rows).encode(
        y=alt.Y("cause_label:N", title=None, sort=None, axis=wrapped_labels_axis()),
        tooltip=[
            alt.Tooltip("cause:N", title=_("Cause")),
            alt.Tooltip("estimate:N", title=_("Sensitivity")),
            alt.Tooltip("images:Q", title=_("Images")),
        ],
    )
    x = alt.X("share:Q", title=_("Sensitivity"), scale=UNIT_SCALE, axis=_PERCENT_AXIS)
    bars = base.mark_bar(color=PNEUMONIA, height=28).encode(x=x)
    interval = base.encode(x=alt.X("low:Q", scale=UNIT_SCALE), x2="high:Q")
    ends = [base.mark_tick(color=INK, thickness=2, size=12).encode(x=alt.X(f"{end}:Q")) for end in ("low", "high")]
    halo = interval.mark_rule(color="#ffffff", strokeWidth=4)  # keeps the interval visible on a dark page
    interval_rule = interval.mark_rule(color=INK, strokeWidth=2)
    return alt.LayerChart(layer=[bars, halo, interval_rule, *ends]).properties(height=190)


def _wrapped_side(verdict: str) -> str:
    """Return the `threshold_side` of a verdict, with "|" as line breaks so that it fits above a cell on a phone."""
    return "|".join(textwrap.wrap(threshold_side(verdict), _SIDE_LINE_WIDTH))


def _estimates(rows: pd.DataFrame) -> list[Estimate]:
    columns = zip(rows["share"], rows["low"], rows["high"], strict=True)
    return [{"value": share, "low": low, "high": high} for share, low, high in columns]


def _scale(column: str, corner: bool) -> alt.Scale:
    return alt.Scale(domain=list(_limits(column, corner)), nice=False)


def _limits(column: str, corner: bool) -> tuple[float, float]:
    if not corner:
        return 0, 1
    return (0, CORNER_WIDTH) if column == "false_alarm_rate" else (1 - CORNER_WIDTH, 1)


def _inside(column: str, corner: bool) -> alt.FieldRangePredicate:
    # A filter instead of clipping: at a sensitivity of 100%, clipping would cut the mark in half.
    return alt.FieldRangePredicate(field=column, range=list(_limits(column, corner)))


def _rate_tooltips(rates: pd.DataFrame) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("threshold:N", title=_("Threshold")),
        *(
            alt.Tooltip(f"{column}:Q", title=_(name), format=".1%")
            for column, name in _RATE_NAMES.items()
            if column in rates
        ),
    ]
