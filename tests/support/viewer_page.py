"""Small app for tests of the viewer: a synthetic image and widgets that rerun the page."""

import numpy as np
import streamlit as st

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from tests.support.synthetic import synthetic_radiograph
from ui.viewer.component import DrawnBoxes, ScaleBar, ViewerMap, chosen_kind, show_radiograph

PART = RelativeBox(left=0.1, top=0.2, right=0.8, bottom=0.6)


def synthetic_heat_map(background: float = 0.0) -> np.ndarray:
    """Return a heat map with one peak in the upper right: float32 (7, 7), 0-1."""
    heat_map = np.full((7, 7), background, dtype=np.float32)
    heat_map[1, 5] = 1.0
    return heat_map


def opacity_map() -> np.ndarray:
    """Return an opacity map with one opacity in the lower left: float32 (12, 12), 0-1."""
    probability = np.full((12, 12), 0.05, dtype=np.float32)
    probability[7:10, 2:5] = 0.9
    return probability


def colour_table() -> np.ndarray:
    """Return a colour table from transparent to nearly opaque red: uint8 (256, 4)."""
    ramp = np.arange(256)
    return np.stack([np.full(256, 255), np.zeros(256), np.zeros(256), ramp * 0.8], axis=1).astype(np.uint8)


def page() -> None:
    """Draw the viewer between other elements, as on a page."""
    st.set_page_config(layout="wide")
    st.button("Rerun", key="rerun")
    without_map = st.checkbox("Without map")
    other_image = st.checkbox("Other image", key="other_image")
    pixels = 255 - synthetic_radiograph() if other_image else synthetic_radiograph()
    hidden = st.checkbox("Hidden")
    box, background = (PART, 0.5) if st.checkbox("Map of a part") else (WHOLE_IMAGE, 0.0)
    scale = ScaleBar(250.0, "at the detector") if st.checkbox("Scale") else None
    drawn = DrawnBoxes((PART,), "One box by a radiologist") if st.checkbox("Boxes of a reader") else None
    maps = [] if without_map else [ViewerMap("heat_map", synthetic_heat_map(background), colour_table())]
    if st.checkbox("Two maps"):
        maps = [
            ViewerMap("opacity_map", opacity_map(), colour_table(), contour=0.4),
            ViewerMap("grad_cam", synthetic_heat_map(), colour_table()),
        ]
    if not hidden:
        show_radiograph(pixels, maps, box, alt="A synthetic chest", key="viewer", scale=scale, drawn=drawn)
    st.caption(f"Chosen: {chosen_kind('viewer')}")
    st.session_state.runs = st.session_state.get("runs", 0) + 1
    st.caption(f"Run {st.session_state.runs}")  # a test waits for the next number
    st.write("Below the viewer. " * 400)


if __name__ == "__main__":
    page()
