"""What one browser session has read: kept in its own memory, gone with it."""

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from model.decode import decode
from model.errors import FileRefused
from model.preprocess import resize
from model.radiograph import Radiograph
from model.reader import OUTSIDE_POPULATION, Finding, Reader
from model.release import Release
from model.rows import Row, finding_row, refusal_row
from ui.settings import as_chosen
from ui.viewer import preview_size

MOST_ROWS = 200  # of the session's table; the oldest go first
_CURRENT, _READINGS = "current_reading", "readings"


@dataclass(frozen=True, eq=False)
class Reading:
    """What became of one upload.

    upload: Streamlit's identifier of the upload, so that a rerun does not read again.
    name: of the file.
    finding: as `Reader.read` gave it; None where refused.
    refusal: the row that says why; None where read. Not the error itself, which holds on to the file that it is about.
    age: of the patient in years, where somebody has said it.
    preview: the radiograph at the size that the viewer shows, of the reading on screen alone; the upload is not kept.
    """

    upload: str
    name: str
    finding: Finding | None = None
    refusal: Row | None = None
    age: int | None = None
    preview: Radiograph | None = None

    def row(self, release: Release) -> Row:
        """Its row, at the session's operating point and prevalence."""
        return self.refusal or finding_row(self.name, self.shown(release))

    def shown(self, release: Release) -> Finding:
        """Its finding at the session's operating point and prevalence, with a caution where the age asks for one."""
        finding = as_chosen(self.finding, release)
        youngest, oldest = release.description["population_years"]
        if self.age is None or youngest <= self.age <= oldest:
            return finding
        return replace(finding, cautions=(*finding.cautions, OUTSIDE_POPULATION))


def current_reading() -> Reading | None:
    """The reading on screen; it outlives a visit to another page, which empties the uploader."""
    return st.session_state.get(_CURRENT)


def forget_reading() -> None:
    """Take the reading off the screen; its row stays."""
    st.session_state[_CURRENT] = None


def ask_age(reading: Reading) -> None:
    """Draw the control that asks for the age of the patient whose film is on screen."""
    control = f"age_{reading.upload}"  # of this film: the next patient is of another age
    st.session_state[control] = reading.age
    st.number_input(
        "Age of the patient in full years, where known",
        0,
        120,
        value=None,
        placeholder="not given",
        key=control,
        on_change=_keep_age,
        args=(reading, control),
    )


def _keep_age(reading: Reading, control: str) -> None:
    aged = replace(reading, age=st.session_state[control])
    st.session_state[_CURRENT] = aged
    st.session_state[_READINGS] = [
        replace(aged, preview=None) if one.upload == aged.upload else one for one in st.session_state[_READINGS]
    ]


def session_rows(release: Release) -> list[Row]:
    """Rows of this session, newest first, at its operating point and prevalence."""
    return [reading.row(release) for reading in st.session_state.get(_READINGS, [])]


def read_upload(reader: Reader, upload: str, name: str, content: bytes) -> None:
    """Read an upload and make it the current reading; a refusal is a reading without finding."""
    forget_reading()
    reading = _read(reader, upload, name, content)
    st.session_state[_CURRENT] = reading
    before = st.session_state.get(_READINGS, [])
    st.session_state[_READINGS] = [replace(reading, preview=None), *before][:MOST_ROWS]


def _read(reader: Reader, upload: str, name: str, content: bytes) -> Reading:
    try:
        radiograph = decode(content)
    except FileRefused as refused:
        return Reading(upload, name, refusal=refusal_row(name, refused, reader.release.version))
    return Reading(upload, name, reader.read(radiograph), preview=_preview(radiograph))


def _preview(radiograph: Radiograph) -> Radiograph:
    pixels = resize(radiograph.pixels, *preview_size(radiograph.height, radiograph.width))
    return Radiograph(np.ascontiguousarray(pixels), radiograph.source_format, radiograph.bits)
