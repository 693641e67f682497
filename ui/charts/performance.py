"""Charts of how well a release does; each takes what `model` has counted and only draws it.

Orange is pneumonia and blue is normal, which colour-blind people tell apart too; both stand out from a light and a dark
page at 3 to 1 or better. No chart tells by colour alone: shape, place or a word says the same.
"""

import altair as alt
import pandas as pd

from ui.charts.palette import ACCENT, CLASS_COLOURS, GREY, INK, PNEUMONIA, SHAPES, UNIT_SCALE, wrapped_labels_axis

CORNER = 0.3
_PERCENT = alt.Axis(format=".0%", tickCount=5)
_TITLES = {
    "False alarm rate": "False alarm rate (1 - specificity)",
    "Sensitivity": "Sensitivity (share found)",
    "PPV": "PPV (share of alarms that are right)",
}


def confusion_chart(cells: pd.DataFrame) -> alt.LayerChart:
    """The confusion matrix as a heat map; `voronoi` of `model.performance.chart_data.confusion_cells`."""
    order = ["PNEUMONIA", "NORMAL"]
    cells = cells.assign(text=[f"{films}|{words}" for films, words in zip(cells["Films"], cells["Words"], strict=True)])
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
    return alt.layer(
        base.mark_rect(stroke=GREY, strokeWidth=1).encode(color=fill),
        base.mark_text(lineBreak="|", fontSize=16, dy=-8, lineHeight=22).encode(text="text:N", color=ink),
    ).properties(height=260)


def curve_chart(curve: pd.DataFrame, marks: pd.DataFrame, x: str, y: str, *, corner: bool = False) -> alt.LayerChart:
    """A curve with the operating points on it, the chosen one larger and filled.

    Args:
        curve: columns x, y, Threshold, order, and any of the rates that its tooltips shall say.
        marks: of `model.performance.chart_data.operating_point_marks`.
        x: column drawn across.
        y: column drawn up.
        corner: draw the corner alone where a good reader is, CORNER wide and high.
    """
    axes = {
        "x": alt.X(f"{x}:Q", title=_TITLES[x], scale=_range(x, corner), axis=_PERCENT),
        "y": alt.Y(f"{y}:Q", title=_TITLES[y], scale=_range(y, corner), axis=_PERCENT),
    }
    base = alt.Chart(curve).encode(**axes, order="order:Q")
    shape = alt.Shape(
        "Operating point:N",
        sort=None,
        scale=alt.Scale(domain=list(marks.sort_values("Place")["Operating point"]), range=SHAPES[: len(marks)]),
        legend=alt.Legend(orient="bottom", title=None, symbolFillColor=GREY, symbolStrokeColor=GREY, symbolSize=90),
    )
    shown = alt.Chart(marks).transform_filter(_inside(x, corner)).transform_filter(_inside(y, corner))
    points = shown.mark_point(filled=True, opacity=1, stroke="#ffffff", strokeWidth=1).encode(
        **axes,
        shape=shape,
        size=alt.when("datum.Chosen").then(alt.value(260)).otherwise(alt.value(110)),
        color=alt.when("datum.Chosen").then(alt.value(ACCENT)).otherwise(alt.value(GREY)),
        tooltip=["Operating point:N", *_rate_tooltips(marks)],
    )
    line = base.mark_line(clip=True, color=ACCENT, strokeWidth=2, interpolate="step-after" if y == "PPV" else "linear")
    grip = base.mark_point(size=120, opacity=0, filled=True, clip=True).encode(
        tooltip=_rate_tooltips(curve)
    )  # wide enough for a finger
    return alt.layer(line, grip, points).properties(height=380)


def histogram_chart(bins: pd.DataFrame, threshold: float) -> alt.LayerChart:
    """Films by probability, pneumonia up and normal down, with the threshold; `bins` of `histogram`."""
    most = bins["Films"].max()
    ticks = [films for films in (-2000, -500, -100, -25, 0, 25, 100, 500, 2000) if abs(films) <= most]
    bars = (
        alt.Chart(bins)
        .mark_rect()
        .encode(
            x=alt.X("low:Q", title="Probability of pneumonia", scale=UNIT_SCALE, axis=_PERCENT),
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
    word = mark.mark_text(align="right" if left else "left", dx=-5 if left else 5, color=GREY, fontSize=13).encode(
        text="text:N", y=alt.value(10)
    )
    return alt.layer(bars, rule, word).properties(height=380)


def reliability_chart(bins: pd.DataFrame) -> alt.LayerChart:
    """Share of pneumonia by stated probability, with intervals and the diagonal; `bins` of `reliability_diagram`."""
    ideal = alt.Chart(pd.DataFrame({"probability": [0.0, 1.0], "share": [0.0, 1.0]})).mark_line(
        color=GREY, strokeDash=[5, 3], strokeWidth=1.5
    )
    axes = {
        "x": alt.X("probability:Q", title="Stated probability (mean)", scale=UNIT_SCALE, axis=_PERCENT),
        "y": alt.Y("share:Q", title="Share with pneumonia", scale=UNIT_SCALE, axis=_PERCENT),
    }
    base = alt.Chart(bins).encode(**axes)
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
    return alt.layer(ideal.encode(**axes), bars, points).properties(height=380)


def sensitivity_by_cause_chart(rows: pd.DataFrame) -> alt.LayerChart:
    """Sensitivity by cause with intervals; `rows_of` of `model.performance.tables.sensitivity_by_cause_table`."""
    label = rows["Cause"] + "|" + rows["Sensitivity"] + "|" + rows["Pictures"].astype(str) + " films"
    base = alt.Chart(rows.assign(label=label)).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=wrapped_labels_axis()),
        tooltip=["Cause:N", "Sensitivity:N", alt.Tooltip("Pictures:Q", title="Films")],
    )
    x = alt.X("Share:Q", title=_TITLES["Sensitivity"], scale=UNIT_SCALE, axis=_PERCENT)
    bars = base.mark_bar(color=PNEUMONIA, height=28).encode(x=x)
    spread = base.encode(x=alt.X("Low:Q", scale=UNIT_SCALE), x2="High:Q")
    ends = [base.mark_tick(color=INK, thickness=2, size=12).encode(x=alt.X(f"{end}:Q")) for end in ("Low", "High")]
    halo = spread.mark_rule(color="#ffffff", strokeWidth=4)  # so that it shows beyond the bar on a dark page too
    return alt.layer(bars, halo, spread.mark_rule(color=INK, strokeWidth=2), *ends).properties(height=190)


def _range(column: str, corner: bool) -> alt.Scale:
    return alt.Scale(domain=list(_limits(column, corner)), nice=False)


def _limits(column: str, corner: bool) -> tuple[float, float]:
    if not corner:
        return 0, 1
    return (0, CORNER) if column == "False alarm rate" else (1 - CORNER, 1)


def _inside(column: str, corner: bool) -> alt.FieldRangePredicate:
    # Not clipped, which would cut a mark on the edge in two, where a sensitivity of 100 % is.
    return alt.FieldRangePredicate(field=column, range=list(_limits(column, corner)))


def _rate_tooltips(rates: pd.DataFrame) -> list[alt.Tooltip]:
    names = [name for name in ("Sensitivity", "Specificity", "PPV") if name in rates]
    return [alt.Tooltip("Threshold:N"), *(alt.Tooltip(f"{name}:Q", format=".1%") for name in names)]
