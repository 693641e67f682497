"""What one browser session has read: kept in its own memory, gone with it."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from model.decode import decode
from model.errors import FileRefused
from model.preprocess import resize
from model.radiograph import Radiograph
from model.reader import Finding, Reader
from model.rows import Row, finding_row, refusal_row
from ui.viewer import preview_size

MOST_ROWS = 200  # of the session's table; the oldest go first
_CURRENT, _ROWS = "current_reading", "session_rows"


@dataclass(frozen=True, eq=False)
class Reading:
    """The upload on screen.

    upload: Streamlit's identifier of the upload, so that a rerun does not read again.
    preview: the radiograph at the size that the viewer shows; the upload itself is not kept. None where refused.
    finding: None where refused.
    """

    upload: str
    row: Row
    preview: Radiograph | None = None
    finding: Finding | None = None


def current_reading() -> Reading | None:
    """The reading on screen; it outlives a visit to another page, which empties the uploader."""
    return st.session_state.get(_CURRENT)


def forget_reading() -> None:
    """Take the reading off the screen; its row stays."""
    st.session_state[_CURRENT] = None


def session_rows() -> list[Row]:
    """Rows of this session, newest first."""
    return st.session_state.setdefault(_ROWS, [])


def read_upload(reader: Reader, upload: str, name: str, content: bytes) -> None:
    """Read an upload and make it the current reading; a refusal is a reading without finding."""
    forget_reading()
    reading = _read(reader, upload, name, content)
    st.session_state[_CURRENT] = reading
    st.session_state[_ROWS] = [reading.row, *session_rows()][:MOST_ROWS]


def _read(reader: Reader, upload: str, name: str, content: bytes) -> Reading:
    try:
        radiograph = decode(content)
    except FileRefused as refused:
        return Reading(upload, refusal_row(name, refused, reader.release.version))
    finding = reader.read(radiograph)
    return Reading(upload, finding_row(name, finding), _preview(radiograph), finding)


def _preview(radiograph: Radiograph) -> Radiograph:
    pixels = resize(radiograph.pixels, *preview_size(radiograph.height, radiograph.width))
    return Radiograph(np.ascontiguousarray(pixels), radiograph.source_format, radiograph.bits)
