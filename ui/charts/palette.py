"""Colours, shapes and scales shared by all charts."""

import altair as alt

from model.codes import LABELS

NORMAL, PNEUMONIA = "#3d8bd9", "#d9730d"
ACCENT = "#1f9e89"  # what is of neither class
GREY = "#7c8894"  # what is only for orientation
INK = "#16202a"  # on either class's colour
SHAPES = ["triangle-down", "circle", "triangle-up", "square", "diamond"]
CLASS_COLOURS = alt.Scale(domain=list(LABELS), range=[NORMAL, PNEUMONIA])
UNIT_SCALE = alt.Scale(domain=[0, 1], nice=False)


def wrapped_labels_axis() -> alt.Axis:
    """An axis whose labels break at each bar, so that a phone's width holds them."""
    return alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=0, ticks=False)
