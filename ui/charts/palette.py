"""Colours, shapes and scales that all charts share."""

import altair as alt

from model.codes import LABELS

NORMAL, PNEUMONIA = "#3d8bd9", "#d9730d"
ACCENT = "#1f9e89"  # for data of neither class
GREY = "#7c8894"  # for orientation only
INK = "#16202a"  # text on the colour of either class
SHAPES = ["triangle-down", "circle", "triangle-up", "square", "diamond"]
CLASS_COLOURS = alt.Scale(domain=list(LABELS), range=[NORMAL, PNEUMONIA])
UNIT_SCALE = alt.Scale(domain=[0, 1], nice=False)


def wrapped_labels_axis() -> alt.Axis:
    """Return an axis whose labels break at each "|", so that they fit on a phone."""
    return alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=0, ticks=False)
