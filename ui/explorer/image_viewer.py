"""The viewer of a labelled image: radiograph, heat map, and the boxes that radiologists drew."""

import pandas as pd
import streamlit as st

from dataset.sources import SOURCES
from model.codes import Population
from model.imaging.geometry import WHOLE_IMAGE
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding
from model.translation import N_, ngettext
from model.translation import gettext as _
from ui.gallery import is_measured, label_text
from ui.reading.finding_panel import alt_text
from ui.viewer.component import DrawnBoxes, show_radiograph
from ui.viewer.finding_maps import viewer_maps

SQUARE_COPY_TEXT = N_(
    "Shown at {side} x {side} pixels, as stored in this copy of the data set. The original image is not square."
)
SQUARE_ADULT_COPY_TEXT = N_(
    "Shown at {side} x {side} pixels, as stored in this copy of the data set. The original image may not be square."
)


def show_viewer(row: pd.Series, radiograph: Radiograph, finding: Finding | None) -> None:
    """Draw the viewer. An image that was not read has no heat map, but may have boxes."""
    drawn = _drawn_boxes(row)
    label = _("Chest X-ray, labelled {label}").format(label=label_text(row))
    show_radiograph(
        radiograph.pixels,
        viewer_maps(finding) if finding else (),
        finding.heat_map_box if finding else WHOLE_IMAGE,
        alt=" ".join(filter(None, (alt_text(finding) if finding else label, drawn.note if drawn else ""))),
        key="explorer",
        drawn=drawn,
        is_read=finding is not None,
    )


def _drawn_boxes(row: pd.Series) -> DrawnBoxes | None:
    """Return the boxes that radiologists drew around opacities; None if there are none."""
    if not (boxes := row.get("opacities")):
        return None
    note = ngettext(
        "{n} box drawn by radiologists around an opacity ({source})",
        "{n} boxes drawn by radiologists around opacities ({source})",
        len(boxes),
    ).format(n=len(boxes), source=_(SOURCES[Population(row["population"])].name))
    return DrawnBoxes(boxes, note)


def show_square_copy_note(row: pd.Series, radiograph: Radiograph) -> None:
    """Draw a note if the file on this computer was resized to a square, which changes the proportions of the chest."""
    if radiograph.height != radiograph.width:
        return
    if not is_measured(row):
        st.caption(_(SQUARE_ADULT_COPY_TEXT).format(side=radiograph.width))
    elif pd.notna(row["width"]) and row["width"] != row["height"]:
        st.caption(_(SQUARE_COPY_TEXT).format(side=radiograph.width))
