"""What a DICOM file adds to the reading page: windows, scale and technical tags."""

import pandas as pd
import streamlit as st

from model.imaging.radiograph import DicomMetadata
from ui.session import UploadResult
from ui.viewer.component import ScaleBar


def selected_window(upload: UploadResult | None) -> int:
    """Return the index of the window that the user has selected for the upload on screen; 0 without an upload."""
    return st.session_state.get(_control_key(upload), upload.file.window) if upload else 0


def window_control(upload: UploadResult, metadata: DicomMetadata | None, file_at_hand: bool) -> None:
    """Draw the control of the window if the file has several; disabled if the file is no longer in the uploader."""
    if metadata is None or len(metadata.windows) < 2:
        return
    st.session_state[_control_key(upload)] = upload.file.window
    st.selectbox(
        "Window of the file",
        range(len(metadata.windows)),
        format_func=metadata.windows.__getitem__,
        key=_control_key(upload),
        disabled=not file_at_hand,
        help="The film is shown, and read again, through it. A workstation starts with the first."
        if file_at_hand
        else "Choose the file again to see it through another window.",
    )


def scale_bar(metadata: DicomMetadata | None) -> ScaleBar | None:
    """Return the scale of the image; None if its file does not state the size of a pixel."""
    if metadata is None or metadata.size_millimetres is None:
        return None
    return ScaleBar(metadata.size_millimetres[1], "at the detector" if metadata.size_at_detector else "")


def show_file_details(metadata: DicomMetadata | None) -> None:
    """Draw the technical tags of a DICOM file in a closed expander; nothing for other files."""
    if metadata is None:
        return
    details = {
        "Modality": metadata.modality,
        "Body part": metadata.body_part,
        "View position": metadata.view_position,
        "Shown through": metadata.windows[metadata.window] if metadata.windows else "no window told: the whole range",
        **dict(metadata.details),
    }
    with st.expander("Show file details", icon=":material/description:"):
        st.table(pd.Series({name: value or "not told" for name, value in details.items()}, name="As the file tells"))
        st.caption("Technical tags only. Names, identifiers and dates are neither shown nor kept.")


def _control_key(upload: UploadResult) -> str:
    return f"window_{upload.file.upload_id}"  # one per upload: the next file has other windows
