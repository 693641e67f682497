"""What a clinical (DICOM) file adds to the reading page: its windows, its scale and its technical tags."""

import pandas as pd
import streamlit as st

from ui.session import Reading
from ui.viewer.component import Scale


def chosen_window(reading: Reading | None) -> int:
    """Which window of its file the reading on screen is wanted through; the first where there is none yet."""
    return st.session_state.get(_control(reading), reading.window) if reading else 0


def choose_window(reading: Reading, changeable: bool) -> None:
    """Draw the choice of window where the file offers several; `changeable`: the file is still at hand."""
    clinical = reading.preview.clinical
    if clinical is None or len(clinical.windows) < 2:
        return
    st.session_state[_control(reading)] = reading.window
    st.selectbox(
        "Window of the file",
        range(len(clinical.windows)),
        format_func=clinical.windows.__getitem__,
        key=_control(reading),
        disabled=not changeable,
        help="The film is shown, and read again, through it. A workstation starts with the first."
        if changeable
        else "Choose the file again to see it through another window.",
    )


def scale_of(reading: Reading) -> Scale | None:
    """The scale of the picture on screen, where its file tells the size of a pixel."""
    clinical = reading.preview.clinical
    if clinical is None or clinical.millimetres is None:
        return None
    return Scale(clinical.millimetres[1], "at the detector" if clinical.at_detector else "")


def show_file_details(reading: Reading) -> None:
    """Draw the technical tags of the file, folded; nothing for a file without."""
    clinical = reading.preview.clinical
    if clinical is None:
        return
    shown = {
        "Modality": clinical.modality,
        "Body part": clinical.body_part,
        "View position": clinical.view_position,
        "Shown through": clinical.windows[clinical.window] if clinical.windows else "no window told: the whole range",
        **dict(clinical.details),
    }
    with st.expander("Show file details", icon=":material/description:"):
        st.table(pd.Series({name: value or "not told" for name, value in shown.items()}, name="As the file tells"))
        st.caption("Technical tags only. Names, identifiers and dates are neither shown nor kept.")


def _control(reading: Reading) -> str:
    return f"window_{reading.upload}"  # of this film: the next file has other windows
