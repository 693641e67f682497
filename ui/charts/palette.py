"""Colours, shapes and scales shared by all charts."""

import altair as alt

from model.codes import LABELS
from model.performance.terms import term

NORMAL, PNEUMONIA = "#3d8bd9", "#d9730d"
ACCENT = "#1f9e89"  # for data of neither class
GREY = "#7c8894"  # for orientation only
INK = "#16202a"  # text on the colour of either class
SHAPES = ["triangle-down", "circle", "triangle-up", "square", "diamond"]
UNIT_SCALE = alt.Scale(domain=[0, 1], nice=False)


def class_names() -> list[str]:
    """Return the displayed names of the classes, in the order of `LABELS`."""
    return [term(label) for label in LABELS]


def class_colours() -> alt.Scale:
    """Return the colour scale of the classes, by their displayed names."""
    return alt.Scale(domain=class_names(), range=[NORMAL, PNEUMONIA])


def bottom_legend() -> alt.Legend:
    """Return a legend below the chart, without a title."""
    return alt.Legend(orient="bottom", title=None)


def wrapped_labels_axis() -> alt.Axis:
    """Return an axis whose labels break at each "|", so that they fit on a phone."""
    return alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=0, ticks=False)
