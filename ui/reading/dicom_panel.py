"""DICOM on the reading page: windows, scale and technical tags."""

import pandas as pd
import streamlit as st

from model.imaging.radiograph import DicomMetadata
from model.translation import N_
from model.translation import gettext as _
from ui.session import FileInfo, UploadResult
from ui.viewer.component import ScaleBar

WINDOW_LABEL = N_("DICOM window")
VALUE_COLUMN = N_("Value in the file")


def selected_window(file: FileInfo | None) -> int:
    """Return the index of the window that the user has selected for a file; 0 without a file."""
    return st.session_state.get(_control_key(file), file.window) if file else 0


def window_control(upload: UploadResult, metadata: DicomMetadata | None, file_at_hand: bool) -> None:
    """Draw the control for the window if the file has several; disabled if the file is no longer in the uploader."""
    if metadata is None or len(metadata.windows) < 2:
        return
    st.session_state[_control_key(upload.file)] = upload.file.window
    st.selectbox(
        _(WINDOW_LABEL),
        range(len(metadata.windows)),
        format_func=metadata.windows.__getitem__,
        key=_control_key(upload.file),
        disabled=not file_at_hand,
        help=_("The X-ray is displayed and read with this window. Workstations start with the first one.")
        if file_at_hand
        else _("Upload the file again to use another window."),
    )


def scale_bar(metadata: DicomMetadata | None) -> ScaleBar | None:
    """Return the scale of the image; None if the file does not state the pixel size."""
    if metadata is None or metadata.size_millimetres is None:
        return None
    return ScaleBar(metadata.size_millimetres[1], _("at the detector") if metadata.size_at_detector else "")


def show_file_details(metadata: DicomMetadata | None) -> None:
    """Draw the technical tags of a DICOM file in a closed expander; nothing for other files."""
    if metadata is None:
        return
    window = metadata.windows[metadata.window] if metadata.windows else _("no window specified: full range")
    details = {
        _("Modality"): metadata.modality,
        _("Body part"): metadata.body_part,
        _("View position"): metadata.view_position,
        _("Window"): window,
        **{_(name): _(value) if value else "" for name, value in metadata.details},
    }
    with st.expander(_("File details"), icon=":material/description:"):
        rows = {name: value or _("not specified") for name, value in details.items()}
        st.table(pd.Series(rows, name=_(VALUE_COLUMN)))
        st.caption(_("Technical tags only. Names, identifiers and dates are neither displayed nor kept."))


def _control_key(file: FileInfo) -> str:
    return f"window_{file.upload_id}"  # one per upload: the next file has other windows
