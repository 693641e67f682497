"""What one browser session has read: kept in its own memory, gone with it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st

from model.admission.decision import Remedy
from model.admission.gate import Examination, Gate
from model.errors import FileRefused, NotAdmitted
from model.explanation.reliability import doubted
from model.imaging.decode import decode
from model.imaging.preprocessing import resize
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Finding, at_age
from model.inference.finding_rows import Row, finding_row, refusal_row
from model.inference.release_loader import Release
from model.limits import READINGS_AT_ONCE
from ui.settings import as_chosen
from ui.viewer.component import preview_size

MOST_ROWS = 200  # of the session's table; the oldest go first
_CURRENT, _READINGS = "current_reading", "readings"
turns = threading.BoundedSemaphore(READINGS_AT_ONCE)  # of the whole server: memory is bounded however many upload


@dataclass(eq=False)
class MapCheck:
    """What the checks of a heat map have found: why not to believe it, empty where nothing speaks against it.

    doubts: None until they have run. They end when the finding has long been on screen, and the reading's row and
    downloads, drawn before, go by what is known when they are asked.
    """

    doubts: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Reading:
    """What became of one upload.

    upload: Streamlit's identifier of the upload, so that a rerun does not read again.
    name: of the file.
    finding: as `Gate.read` gave it; None where refused.
    refusal: the row that says why; None where read. Not the error itself, which holds on to the file that it is about.
    remedy: what put it right at the user's wish, where something did.
    age: of the patient in years, where the file or somebody has said it.
    window: which of the windows of a DICOM file it was read through.
    group: of the patient, see `dataset.file_names.Identity`; None where the film is none of the labelled set.
    check: of its heat map; one object for a reading and its row.
    preview: the radiograph at the size that the viewer shows, of the reading on screen alone; the upload is not kept.
    examination: what the check says of it, of the reading on screen alone; None where the file could not be opened.
    """

    upload: str
    name: str
    finding: Finding | None = None
    refusal: Row | None = None
    remedy: Remedy | None = None
    age: int | None = None
    check: MapCheck = field(default_factory=MapCheck)
    window: int = 0
    group: str | None = None
    preview: Radiograph | None = None
    examination: Examination | None = None

    def shown(self, release: Release) -> Callable[[], Finding]:
        """Gives its finding at the session's operating point and prevalence, and what is known then of its heat map."""
        finding = at_age(as_chosen(self.finding, release), release, self.age)
        return lambda: doubted(finding, self.check.doubts)

    def row(self, release: Release) -> Callable[[], Row]:
        """Gives its row in the same way."""
        if self.refusal:
            return lambda: self.refusal
        finding = self.shown(release)
        return lambda: finding_row(self.name, finding())


def current_reading() -> Reading | None:
    """The reading on screen; it outlives a visit to another page, which empties the uploader."""
    return st.session_state.get(_CURRENT)


def forget_reading() -> None:
    """Take the reading off the screen; its row stays."""
    st.session_state[_CURRENT] = None


def ask_age(reading: Reading) -> None:
    """Draw the control that asks for the age of the patient whose film is on screen."""
    control = _age_control(reading)
    st.session_state[control] = reading.age
    st.number_input(
        "Age of the patient in full years, where known",
        0,
        120,
        value=None,
        placeholder="not given",
        key=control,
        help="Filled in from a DICOM file that tells it.",
        on_change=_keep_age,
        args=(control,),  # no more: Streamlit keeps the arguments of each film's control as long as the session lives
    )


def _keep_age(control: str) -> None:
    reading = current_reading()
    if reading and control == _age_control(reading):  # else the film went while its age was on the way
        keep_reading(replace(reading, age=st.session_state[control]))


def _age_control(reading: Reading) -> str:
    """The key of its control, of this film alone: the next patient is of another age."""
    return f"age_{reading.upload}"


def keep_reading(reading: Reading) -> None:
    """Put what has become known of the reading on screen in its place, and in that of its row."""
    st.session_state[_CURRENT] = reading
    st.session_state[_READINGS] = [
        _without_pictures(reading) if one.upload == reading.upload else one for one in st.session_state[_READINGS]
    ]


def _without_pictures(reading: Reading) -> Reading:
    return replace(reading, preview=None, examination=None)


def session_rows(release: Release) -> Callable[[], list[Row]]:
    """Gives the rows of this session, newest first, as `Reading.row` does."""
    rows = [reading.row(release) for reading in st.session_state.get(_READINGS, [])]
    return lambda: [row() for row in rows]


def read_upload(gate: Gate, upload: str, name: str, content: bytes, window: int = 0, group: str | None = None) -> None:
    """Check and read an upload and make it the current reading; a refusal is a reading without finding.

    Read again through another window of its file, it takes the place of its earlier reading, whose age it keeps.
    """
    forget_reading()
    with turns:
        reading = replace(_read(gate, upload, name, content, window), group=group)
    readings = st.session_state.get(_READINGS, [])
    for earlier in readings:
        if earlier.upload == upload:
            reading = replace(reading, age=earlier.age)
    others = [one for one in readings if one.upload != upload]
    st.session_state[_CURRENT] = reading
    st.session_state[_READINGS] = [_without_pictures(reading), *others][:MOST_ROWS]


def put_right(gate: Gate) -> None:
    """Apply the remedy of the refused reading on screen, and read it."""
    reading = current_reading()
    remedy = reading.examination.admission.remedy
    with turns:
        righted = _judged(gate, replace(reading, examination=gate.put_right(reading.examination), refusal=None))
    keep_reading(replace(righted, remedy=remedy, preview=remedy.put_right(reading.preview)))


def read_anyway(gate: Gate) -> None:
    """Read the refused reading on screen because the user insists; its finding carries the refusals."""
    reading = current_reading()
    keep_reading(replace(reading, finding=gate.read(reading.examination, anyway=True), refusal=None))


def _read(gate: Gate, upload: str, name: str, content: bytes, window: int) -> Reading:
    try:
        radiograph = decode(content, window)
    except FileRefused as refused:
        return Reading(upload, name, refusal=refusal_row(name, refused, gate.reader.release.version))
    age = radiograph.clinical and radiograph.clinical.age_years
    examination, preview = gate.examine(radiograph), _preview(radiograph)
    return _judged(gate, Reading(upload, name, age=age, window=window, preview=preview, examination=examination))


def _judged(gate: Gate, examined: Reading) -> Reading:
    """An examined reading with its finding, or with the reason for none."""
    try:
        return replace(examined, finding=gate.read(examined.examination))
    except NotAdmitted as refused:
        return replace(examined, refusal=refusal_row(examined.name, refused, gate.reader.release.version))


def _preview(radiograph: Radiograph) -> Radiograph:
    pixels = resize(radiograph.pixels, *preview_size(radiograph.height, radiograph.width))
    return replace(radiograph, pixels=np.ascontiguousarray(pixels))
