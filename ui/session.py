"""What one browser session has read: kept in its own memory, gone with it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st

from model.admission.decision import Correction
from model.admission.gate import AdmissionGate, AdmissionResult
from model.errors import FileRefused, NotAdmitted
from model.explanation.reliability import with_reliability_caution
from model.imaging.decode import decode
from model.imaging.geometry import resize
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding, with_age_caution
from model.inference.finding_rows import Row, finding_row, refusal_row
from model.inference.release_loader import Release
from model.limits import READINGS_AT_ONCE
from ui.settings import at_session_settings
from ui.viewer.component import preview_size

MAX_ROWS = 200  # of the session's table; the oldest go first
_CURRENT, _READINGS = "current_reading", "readings"
inference_slots = threading.BoundedSemaphore(
    READINGS_AT_ONCE
)  # of the whole server: memory is bounded however many upload


@dataclass(eq=False)
class HeatMapCheck:
    """What the checks of a heat map have found: why not to believe it, empty where nothing speaks against it.

    doubts: None until they have run. They end when the finding has long been on screen, and the reading's row and
    downloads, drawn before, go by what is known when they are asked.
    """

    doubts: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class UploadResult:
    """What became of one upload.

    upload: Streamlit's identifier of the upload, so that a rerun does not read again.
    name: of the file.
    finding: as `AdmissionGate.read` gave it; None where refused.
    refusal: the row that says why; None where read. Not the error itself, which holds on to the file that it is about.
    remedy: what put it right at the user's wish, where something did.
    age: of the patient in years, where the file or somebody has said it.
    window: which of the windows of a DICOM file it was read through.
    group: of the patient, see `dataset.file_names.PatientIdentity`; None where the film is none of the labelled set.
    check: of its heat map; one object for a reading and its row.
    preview: the radiograph at the size that the viewer shows, of the reading on screen alone; the upload is not kept.
    examination: what the check says of it, of the reading on screen alone; None where the file could not be opened.
    """

    upload: str
    name: str
    finding: Finding | None = None
    refusal: Row | None = None
    correction: Correction | None = None
    age: int | None = None
    check: HeatMapCheck = field(default_factory=HeatMapCheck)
    window: int = 0
    group: str | None = None
    preview: Radiograph | None = None
    admission_result: AdmissionResult | None = None

    def shown(self, release: Release) -> Callable[[], Finding]:
        """Gives its finding at the session's operating point and prevalence, and what is known then of its heat map."""
        finding = with_age_caution(at_session_settings(self.finding, release), release, self.age)
        return lambda: with_reliability_caution(finding, self.check.doubts)

    def row(self, release: Release) -> Callable[[], Row]:
        """Gives its row in the same way."""
        if self.refusal:
            return lambda: self.refusal
        finding = self.shown(release)
        return lambda: finding_row(self.name, finding())


def current_upload() -> UploadResult | None:
    """The reading on screen; it outlives a visit to another page, which empties the uploader."""
    return st.session_state.get(_CURRENT)


def clear_upload() -> None:
    """Take the reading off the screen; its row stays."""
    st.session_state[_CURRENT] = None


def age_control(reading: UploadResult) -> None:
    """Draw the control that asks for the age of the patient whose film is on screen."""
    control = _age_key(reading)
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
    reading = current_upload()
    if reading and control == _age_key(reading):  # else the film went while its age was on the way
        update_upload(replace(reading, age=st.session_state[control]))


def _age_key(reading: UploadResult) -> str:
    """The key of its control, of this film alone: the next patient is of another age."""
    return f"age_{reading.upload}"


def update_upload(reading: UploadResult) -> None:
    """Put what has become known of the reading on screen in its place, and in that of its row."""
    st.session_state[_CURRENT] = reading
    st.session_state[_READINGS] = [
        _without_images(reading) if one.upload == reading.upload else one for one in st.session_state[_READINGS]
    ]


def _without_images(reading: UploadResult) -> UploadResult:
    return replace(reading, preview=None, admission_result=None)


def session_rows(release: Release) -> Callable[[], list[Row]]:
    """Gives the rows of this session, newest first, as `UploadResult.row` does."""
    rows = [reading.row(release) for reading in st.session_state.get(_READINGS, [])]
    return lambda: [row() for row in rows]


def read_upload(
    gate: AdmissionGate, upload: str, name: str, content: bytes, window: int = 0, group: str | None = None
) -> None:
    """Check and read an upload and make it the current reading; a refusal is a reading without finding.

    Read again through another window of its file, it takes the place of its earlier reading, whose age it keeps.
    """
    clear_upload()
    with inference_slots:
        reading = replace(_read(gate, upload, name, content, window), group=group)
    readings = st.session_state.get(_READINGS, [])
    for earlier in readings:
        if earlier.upload == upload:
            reading = replace(reading, age=earlier.age)
    others = [one for one in readings if one.upload != upload]
    st.session_state[_CURRENT] = reading
    st.session_state[_READINGS] = [_without_images(reading), *others][:MAX_ROWS]


def apply_correction(gate: AdmissionGate) -> None:
    """Apply the remedy of the refused reading on screen, and read it."""
    reading = current_upload()
    correction = reading.admission_result.admission.correction
    with inference_slots:
        righted = _with_finding(
            gate, replace(reading, admission_result=gate.apply_correction(reading.admission_result), refusal=None)
        )
    update_upload(replace(righted, correction=correction, preview=correction.apply_correction(reading.preview)))


def read_despite_refusal(gate: AdmissionGate) -> None:
    """Read the refused reading on screen because the user insists; its finding carries the refusals."""
    reading = current_upload()
    update_upload(replace(reading, finding=gate.read(reading.admission_result, anyway=True), refusal=None))


def _read(gate: AdmissionGate, upload: str, name: str, content: bytes, window: int) -> UploadResult:
    try:
        radiograph = decode(content, window)
    except FileRefused as refused:
        return UploadResult(upload, name, refusal=refusal_row(name, refused, gate.classifier.release.version))
    age = radiograph.metadata and radiograph.metadata.age_years
    admission_result, preview = gate.examine(radiograph), _preview(radiograph)
    return _with_finding(
        gate, UploadResult(upload, name, age=age, window=window, preview=preview, admission_result=admission_result)
    )


def _with_finding(gate: AdmissionGate, examined: UploadResult) -> UploadResult:
    """An examined reading with its finding, or with the reason for none."""
    try:
        return replace(examined, finding=gate.read(examined.admission_result))
    except NotAdmitted as refused:
        return replace(examined, refusal=refusal_row(examined.name, refused, gate.classifier.release.version))


def _preview(radiograph: Radiograph) -> Radiograph:
    pixels = resize(radiograph.pixels, *preview_size(radiograph.height, radiograph.width))
    return replace(radiograph, pixels=np.ascontiguousarray(pixels))
