"""The small app that tests/support/viewer.py serves: a picture made in numpy, and widgets that rerun it."""

import numpy as np
import streamlit as st

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from tests.support.synthetic import synthetic_radiograph
from ui.viewer.component import ScaleBar, radiograph_viewer

PART = RelativeBox(left=0.1, top=0.2, right=0.8, bottom=0.6)


def synthetic_heat_map(elsewhere: float = 0.0) -> np.ndarray:
    """One peak in the upper right: float32 (7, 7), 0-1."""
    heat_map = np.full((7, 7), elsewhere, dtype=np.float32)
    heat_map[1, 5] = 1.0
    return heat_map


def colour_table() -> np.ndarray:
    """Transparent to nearly opaque red: uint8 (256, 4)."""
    ramp = np.arange(256)
    return np.stack([np.full(256, 255), np.zeros(256), np.zeros(256), ramp * 0.8], axis=1).astype(np.uint8)


def page() -> None:
    """Show the viewer between what a page has above and below it."""
    st.set_page_config(layout="wide")
    st.button("Rerun")
    without = st.checkbox("Without map")
    pixels = 255 - synthetic_radiograph() if st.checkbox("Other picture") else synthetic_radiograph()
    away = st.checkbox("Away")
    box, elsewhere = (PART, 0.5) if st.checkbox("Map of a part") else (WHOLE_IMAGE, 0.0)
    scale = ScaleBar(250.0, "at the detector") if st.checkbox("Scale") else None
    heat_map = None if without else synthetic_heat_map(elsewhere)
    if not away:
        words = {"alt": "A synthetic chest", "key": "viewer", "scale": scale}
        radiograph_viewer(pixels, heat_map, box, colour_table(), **words)
    st.session_state.runs = st.session_state.get("runs", 0) + 1
    st.caption(f"Run {st.session_state.runs}")  # by which a test knows that the page has run anew
    st.write("Below the viewer. " * 400)


if __name__ == "__main__":
    page()
