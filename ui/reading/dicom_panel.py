"""What a clinical (DICOM) file adds to the reading page: its windows, its scale and its technical tags."""

import pandas as pd
import streamlit as st

from ui.session import UploadResult
from ui.viewer.component import ScaleBar


def selected_window(reading: UploadResult | None) -> int:
    """Which window of its file the reading on screen is wanted through; the first where there is none yet."""
    return st.session_state.get(_control_key(reading), reading.window) if reading else 0


def window_control(reading: UploadResult, changeable: bool) -> None:
    """Draw the choice of window where the file offers several; `changeable`: the file is still at hand."""
    metadata = reading.preview.metadata
    if metadata is None or len(metadata.windows) < 2:
        return
    st.session_state[_control_key(reading)] = reading.window
    st.selectbox(
        "Window of the file",
        range(len(metadata.windows)),
        format_func=metadata.windows.__getitem__,
        key=_control_key(reading),
        disabled=not changeable,
        help="The film is shown, and read again, through it. A workstation starts with the first."
        if changeable
        else "Choose the file again to see it through another window.",
    )


def scale_bar(reading: UploadResult) -> ScaleBar | None:
    """The scale of the picture on screen, where its file tells the size of a pixel."""
    metadata = reading.preview.metadata
    if metadata is None or metadata.size_millimetres is None:
        return None
    return ScaleBar(metadata.size_millimetres[1], "at the detector" if metadata.size_at_detector else "")


def show_file_details(reading: UploadResult) -> None:
    """Draw the technical tags of the file, folded; nothing for a file without."""
    metadata = reading.preview.metadata
    if metadata is None:
        return
    shown = {
        "Modality": metadata.modality,
        "Body part": metadata.body_part,
        "View position": metadata.view_position,
        "Shown through": metadata.windows[metadata.window] if metadata.windows else "no window told: the whole range",
        **dict(metadata.details),
    }
    with st.expander("Show file details", icon=":material/description:"):
        st.table(pd.Series({name: value or "not told" for name, value in shown.items()}, name="As the file tells"))
        st.caption("Technical tags only. Names, identifiers and dates are neither shown nor kept.")


def _control_key(reading: UploadResult) -> str:
    return f"window_{reading.upload}"  # of this film: the next file has other windows
