"""Charts of the performance of a release, drawn from tables of `model.performance`.

Orange is pneumonia and blue is normal. Colour-blind people can distinguish them, and both have a contrast of at least
3 to 1 on a light and on a dark page. No chart relies on colour alone: shape, position or text shows the same.
"""

import altair as alt
import pandas as pd

from ui.charts.palette import ACCENT, CLASS_COLOURS, GREY, INK, PNEUMONIA, SHAPES, UNIT_SCALE, wrapped_labels_axis

CORNER_WIDTH = 0.3  # of the enlarged corner of a curve, 0-1
_PERCENT_AXIS = alt.Axis(format=".0%", tickCount=5)
_TITLES = {
    "False alarm rate": "False alarm rate (1 - specificity)",
    "Sensitivity": "Sensitivity (share found)",
    "PPV": "PPV (share of alarms that are right)",
}


def confusion_chart(cells: pd.DataFrame) -> alt.LayerChart:
    """Return the confusion matrix as a heat map.

    Args:
        cells: Table of `model.performance.chart_data.confusion_cells`.
    """
    order = ["PNEUMONIA", "NORMAL"]
    cells = cells.assign(text=[f"{count}|{text}" for count, text in zip(cells["Films"], cells["Words"], strict=True)])
    base = alt.Chart(cells).encode(
        x=alt.X(
            "Reader:N", title="The reader says", sort=order, axis=alt.Axis(orient="top", labelAngle=0, ticks=False)
        ),
        y=alt.Y("Film:N", title="The film is labelled", sort=order, axis=alt.Axis(labelAngle=-90, ticks=False)),
        tooltip=[
            alt.Tooltip("Film:N", title="Labelled"),
            alt.Tooltip("Reader:N", title="Reader says"),
            "Films:Q",
            alt.Tooltip("Share:Q", title="Of films so labelled", format=".1%"),
        ],
    )
    fill = alt.Color("Share:Q", scale=alt.Scale(domain=[0, 1], range=["#e6eef6", "#1f6391"]), legend=None)
    ink = alt.when("datum.Share > 0.5").then(alt.value("#ffffff")).otherwise(alt.value(INK))
    cell_fill = base.mark_rect(stroke=GREY, strokeWidth=1).encode(color=fill)
    cell_text = base.mark_text(lineBreak="|", fontSize=16, dy=-8, lineHeight=22).encode(text="text:N", color=ink)
    return alt.LayerChart(layer=[cell_fill, cell_text]).properties(height=260)


def curve_chart(curve: pd.DataFrame, marks: pd.DataFrame, x: str, y: str, *, corner: bool = False) -> alt.LayerChart:
    """Return a curve with the operating points on it, the selected one larger and coloured.

    Args:
        curve: Columns x, y, Threshold, order, and any of the rates that the tooltips show.
        marks: Table of `model.performance.chart_data.operating_point_marks`.
        x: Column of the horizontal axis.
        y: Column of the vertical axis.
        corner: Show only the corner of a good classifier, CORNER_WIDTH wide and high.
    """
    x_axis = alt.X(f"{x}:Q", title=_TITLES[x], scale=_scale(x, corner), axis=_PERCENT_AXIS)
    y_axis = alt.Y(f"{y}:Q", title=_TITLES[y], scale=_scale(y, corner), axis=_PERCENT_AXIS)
    base = alt.Chart(curve).encode(x=x_axis, y=y_axis, order="order:Q")
    shape = alt.Shape(
        "Operating point:N",
        sort=None,
        scale=alt.Scale(domain=list(marks.sort_values("Place")["Operating point"]), range=SHAPES[: len(marks)]),
        legend=alt.Legend(orient="bottom", title=None, symbolFillColor=GREY, symbolStrokeColor=GREY, symbolSize=90),
    )
    marks_inside = alt.Chart(marks).transform_filter(_inside(x, corner)).transform_filter(_inside(y, corner))
    points = marks_inside.mark_point(filled=True, opacity=1, stroke="#ffffff", strokeWidth=1).encode(
        x=x_axis,
        y=y_axis,
        shape=shape,
        size=alt.when("datum.Chosen").then(alt.value(260)).otherwise(alt.value(110)),
        color=alt.when("datum.Chosen").then(alt.value(ACCENT)).otherwise(alt.value(GREY)),
        tooltip=["Operating point:N", *_rate_tooltips(marks)],
    )
    line = base.mark_line(clip=True, color=ACCENT, strokeWidth=2, interpolate="step-after" if y == "PPV" else "linear")
    # Invisible points, wide enough for a finger, that show the tooltips of the curve.
    touch_targets = base.mark_point(size=120, opacity=0, filled=True, clip=True).encode(tooltip=_rate_tooltips(curve))
    return alt.LayerChart(layer=[line, touch_targets, points]).properties(height=380)


def histogram_chart(bins: pd.DataFrame, threshold: float) -> alt.LayerChart:
    """Return a histogram of probabilities, pneumonia upwards and normal downwards, with the threshold.

    Args:
        bins: Table of `model.performance.chart_data.histogram`.
        threshold: Threshold of the operating point, 0-1.
    """
    highest = bins["Films"].max()
    ticks = [count for count in (-2000, -500, -100, -25, 0, 25, 100, 500, 2000) if abs(count) <= highest]
    bars = (
        alt.Chart(bins)
        .mark_rect()
        .encode(
            x=alt.X("low:Q", title="Probability of pneumonia", scale=UNIT_SCALE, axis=_PERCENT_AXIS),
            x2="high:Q",
            y2=alt.datum(0),
            y=alt.Y(
                "signed:Q",
                title="Films: normal down, pneumonia up",
                scale=alt.Scale(type="sqrt"),
                axis=alt.Axis(labelExpr="format(abs(datum.value), 'd')", values=ticks),
            ),
            color=alt.Color("Class:N", scale=CLASS_COLOURS, legend=alt.Legend(orient="bottom", title=None)),
            tooltip=[
                "Class:N",
                "Films:Q",
                alt.Tooltip("low:Q", title="Probability from", format=".0%"),
                alt.Tooltip("high:Q", title="to", format=".0%"),
            ],
        )
    )
    mark = alt.Chart(pd.DataFrame({"at": [threshold], "text": [f"threshold {threshold:.3f}"]})).encode(x="at:Q")
    rule = mark.mark_rule(color=GREY, strokeWidth=2, strokeDash=[5, 3])
    left = threshold > 0.5
    rule_text = mark.mark_text(align="right" if left else "left", dx=-5 if left else 5, color=GREY, fontSize=13).encode(
        text="text:N", y=alt.value(10)
    )
    return alt.LayerChart(layer=[bars, rule, rule_text]).properties(height=380)


def reliability_chart(bins: pd.DataFrame) -> alt.LayerChart:
    """Return the reliability diagram: share of pneumonia by stated probability, with intervals and the diagonal.

    Args:
        bins: Table of `model.performance.reliability_diagram.reliability_diagram`.
    """
    diagonal = alt.Chart(pd.DataFrame({"probability": [0.0, 1.0], "share": [0.0, 1.0]})).mark_line(
        color=GREY, strokeDash=[5, 3], strokeWidth=1.5
    )
    x_axis = alt.X("probability:Q", title="Stated probability (mean)", scale=UNIT_SCALE, axis=_PERCENT_AXIS)
    y_axis = alt.Y("share:Q", title="Share with pneumonia", scale=UNIT_SCALE, axis=_PERCENT_AXIS)
    base = alt.Chart(bins).encode(x=x_axis, y=y_axis)
    bars = base.mark_rule(color=ACCENT, strokeWidth=1.5, opacity=0.7).encode(
        y=alt.Y("low:Q", scale=UNIT_SCALE), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, opacity=1, color=ACCENT).encode(
        tooltip=[
            alt.Tooltip("probability:Q", title="Stated", format=".1%"),
            alt.Tooltip("share:Q", title="With pneumonia", format=".1%"),
            alt.Tooltip("low:Q", title="95 % from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
            alt.Tooltip("n:Q", title="Films"),
        ]
    )
    return alt.LayerChart(layer=[diagonal.encode(x=x_axis, y=y_axis), bars, points]).properties(height=380)


def sensitivity_by_cause_chart(rows: pd.DataFrame) -> alt.LayerChart:
    """Return a bar chart of sensitivity by cause, with intervals.

    Args:
        rows: Table of `model.performance.tables.sensitivity_by_cause_table`.
    """
    label = rows["Cause"] + "|" + rows["Sensitivity"] + "|" + rows["Pictures"].astype(str) + " films"
    base = alt.Chart(rows.assign(label=label)).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=wrapped_labels_axis()),
        tooltip=["Cause:N", "Sensitivity:N", alt.Tooltip("Pictures:Q", title="Films")],
    )
    x = alt.X("Share:Q", title=_TITLES["Sensitivity"], scale=UNIT_SCALE, axis=_PERCENT_AXIS)
    bars = base.mark_bar(color=PNEUMONIA, height=28).encode(x=x)
    interval = base.encode(x=alt.X("Low:Q", scale=UNIT_SCALE), x2="High:Q")
    ends = [base.mark_tick(color=INK, thickness=2, size=12).encode(x=alt.X(f"{end}:Q")) for end in ("Low", "High")]
    halo = interval.mark_rule(color="#ffffff", strokeWidth=4)  # makes the interval visible on a dark page, too
    interval_rule = interval.mark_rule(color=INK, strokeWidth=2)
    return alt.LayerChart(layer=[bars, halo, interval_rule, *ends]).properties(height=190)


def _scale(column: str, corner: bool) -> alt.Scale:
    return alt.Scale(domain=list(_limits(column, corner)), nice=False)


def _limits(column: str, corner: bool) -> tuple[float, float]:
    if not corner:
        return 0, 1
    return (0, CORNER_WIDTH) if column == "False alarm rate" else (1 - CORNER_WIDTH, 1)


def _inside(column: str, corner: bool) -> alt.FieldRangePredicate:
    # A filter instead of clipping: at a sensitivity of 100%, clipping would cut the mark in half.
    return alt.FieldRangePredicate(field=column, range=list(_limits(column, corner)))


def _rate_tooltips(rates: pd.DataFrame) -> list[alt.Tooltip]:
    names = [name for name in ("Sensitivity", "Specificity", "PPV") if name in rates]
    return [alt.Tooltip("Threshold:N"), *(alt.Tooltip(f"{name}:Q", format=".1%") for name in names)]
