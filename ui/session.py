"""Uploads of one browser session. They are kept in the memory of the session and end with it.

An upload is immutable. If something about it changes (age, correction, check of the heat map), a new one takes its
place in `SessionUploads`. Rows and downloads look it up when they are asked, so they always show the latest state.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st

from model.admission.decision import Correction
from model.admission.gate import AdmissionGate, AdmissionResult
from model.errors import FileRefused, NotAdmitted
from model.imaging.decode import decode
from model.imaging.geometry import resize
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding, HeatMapCheck
from model.inference.finding_rows import Row, finding_row, refusal_row
from model.limits import READINGS_AT_ONCE
from ui.settings import SessionSettings
from ui.viewer.component import preview_size

MAX_ROWS = 200  # of the session table; the oldest are dropped first
_UPLOADS_KEY = "uploads"
inference_slots = threading.BoundedSemaphore(READINGS_AT_ONCE)  # shared by all sessions, which bounds the memory


@dataclass(frozen=True, eq=False)
class ExaminedImage:
    """Image of the upload on screen and what the admission check found; dropped with the next upload.

    Attributes:
        preview: Radiograph at the size that the viewer shows. The uploaded file itself is not kept.
        admission_result: Result of the admission check, including the outputs of the networks.
    """

    preview: Radiograph
    admission_result: AdmissionResult


@dataclass(frozen=True)
class FileInfo:
    """What is known of an uploaded file besides its image.

    Attributes:
        upload_id: Streamlit's identifier of the upload, so that a rerun does not read the file again.
        name: File name.
        window: Index of the DICOM window that the file was read through.
        age_years: Age of the patient in full years, from the file or the user; None if unknown.
        patient_group: Patient of the labelled set, see `dataset.file_names.PatientIdentity`; None for other files.
    """

    upload_id: str
    name: str
    window: int = 0
    age_years: int | None = None
    patient_group: str | None = None


@dataclass(frozen=True, eq=False)
class ReadUpload:
    """Upload that was read.

    Attributes:
        file: The file.
        finding: Finding of `AdmissionGate.read`, at the training prevalence.
        image: Image on screen; None once the upload is no longer on screen.
        correction: Correction that the user applied to a refused image before it was read.
        heat_map_check: Result of the reliability check of the heat map.
    """

    file: FileInfo
    finding: Finding
    image: ExaminedImage | None = None
    correction: Correction | None = None
    heat_map_check: HeatMapCheck = field(default_factory=HeatMapCheck)

    def presented(self, settings: SessionSettings) -> Finding:
        """Return the finding at these settings, with all cautions."""
        return settings.present(self.finding, self.file.age_years, self.heat_map_check)

    def row(self, settings: SessionSettings) -> Row:
        """Return the row of the session table at these settings."""
        return finding_row(self.file.name, self.presented(settings))


@dataclass(frozen=True, eq=False)
class RefusedUpload:
    """Upload that was not read.

    Attributes:
        file: The file.
        refusal: Row with the reason. Not the exception, which would keep the refused file in memory.
        image: Image on screen; None if the file cannot be decoded or the upload is no longer on screen.
    """

    file: FileInfo
    refusal: Row
    image: ExaminedImage | None = None

    def row(self, _settings: SessionSettings) -> Row:
        """Return the row of the session table."""
        return self.refusal


UploadResult = ReadUpload | RefusedUpload


class SessionUploads:
    """Uploads of one session, newest first, with at most one on screen. Only that one keeps its image.

    Safe to share between threads. A page that the user leaves goes on in its thread while the next one runs in another,
    and Streamlit calls the functions of download buttons in threads of its own, without access to `st.session_state`:
    they hold this object instead.
    """

    def __init__(self) -> None:
        """Start without uploads."""
        self._lock = threading.Lock()
        self._uploads: tuple[UploadResult, ...] = ()
        self._current_id: str | None = None

    def __iter__(self) -> Iterator[UploadResult]:
        return iter(self._uploads)

    def __len__(self) -> int:
        return len(self._uploads)

    @property
    def current(self) -> UploadResult | None:
        """Upload on screen."""
        return self.find(self._current_id) if self._current_id else None

    def find(self, upload_id: str) -> UploadResult | None:
        """Return the latest state of an upload; None if it was dropped."""
        return next((upload for upload in self._uploads if upload.file.upload_id == upload_id), None)

    def finding(self, upload_id: str, settings: SessionSettings) -> Finding:
        """Return the finding of an upload as it is known now.

        Raises:
            LookupError: The upload was dropped or is refused.
        """
        upload = self.find(upload_id)
        if not isinstance(upload, ReadUpload):
            raise LookupError("The session holds no finding of this upload.")
        return upload.presented(settings)

    def rows(self, settings: SessionSettings) -> list[Row]:
        """Return the rows of the session table as they are known now, newest first."""
        return [upload.row(settings) for upload in self._uploads]

    def add(self, upload: UploadResult) -> None:
        """Put an upload on screen, as the newest; it replaces an earlier one of the same identifier."""
        with self._lock:
            upload_id = upload.file.upload_id
            others = [replace(other, image=None) for other in self._uploads if other.file.upload_id != upload_id]
            self._uploads = (upload, *others)[:MAX_ROWS]
            self._current_id = upload_id

    def update(self, upload: UploadResult) -> None:
        """Replace the upload of the same identifier."""
        with self._lock:
            self._replace(upload)

    def set_heat_map_check(self, checked: ReadUpload, check: HeatMapCheck) -> ReadUpload:
        """Add the result of a check to an upload and return the new state.

        Nothing is stored if the upload was read again meanwhile: the check belongs to another heat map then.
        """
        with self._lock:
            latest = self.find(checked.file.upload_id)
            if not isinstance(latest, ReadUpload) or latest.finding is not checked.finding:
                return replace(checked, heat_map_check=check)
            latest = replace(latest, heat_map_check=check)
            self._replace(latest)
            return latest

    def clear_current(self) -> None:
        """Take the upload off the screen, with its image; its row stays."""
        with self._lock:
            if self.current:
                self._replace(replace(self.current, image=None))
            self._current_id = None

    def _replace(self, new: UploadResult) -> None:
        self._uploads = tuple(
            new if upload.file.upload_id == new.file.upload_id else upload for upload in self._uploads
        )


def session_uploads() -> SessionUploads:
    """Return the uploads of this session. As at any use of its state, Streamlit ends a run that the user has left."""
    if _UPLOADS_KEY not in st.session_state:
        st.session_state[_UPLOADS_KEY] = SessionUploads()
    uploads: SessionUploads = st.session_state[_UPLOADS_KEY]
    return uploads


def current_upload() -> UploadResult | None:
    """Return the upload on screen. It outlives a visit to another page, which empties the file uploader."""
    return session_uploads().current


def clear_upload() -> None:
    """Take the upload off the screen; its row stays."""
    session_uploads().clear_current()


def age_control(upload: ReadUpload) -> None:
    """Draw the control of the age of the patient on screen."""
    key = _age_key(upload)
    st.session_state[key] = upload.file.age_years
    st.number_input(
        "Age of the patient in full years, where known",
        0,
        120,
        value=None,
        placeholder="not given",
        key=key,
        help="Filled in from a DICOM file that tells it.",
        on_change=_keep_age,
        args=(key,),  # not the upload: Streamlit keeps the arguments of every control as long as the session lives
    )


def read_upload(gate: AdmissionGate, file: FileInfo, content: bytes) -> None:
    """Check and read a file, and put the result on screen.

    A file that is read again through another window replaces its earlier upload and keeps the age of the patient.

    Args:
        gate: Gate of the release in use.
        file: Identifier, name, window and patient group; the age is taken from the file.
        content: The file itself.
    """
    clear_upload()
    with inference_slots:
        upload = _read(gate, file, content)
    uploads = session_uploads()  # only now: a run that the user has left ends here and shows nothing
    if earlier := uploads.find(file.upload_id):
        upload = _with_age(upload, earlier.file.age_years)
    uploads.add(upload)


def apply_correction(upload: RefusedUpload, gate: AdmissionGate) -> None:
    """Apply the correction that the admission check suggests for a refused upload, and read it.

    Raises:
        ValueError: The check suggests no correction.
    """
    image = upload.image
    correction = image.admission_result.admission.correction if image else None
    if image is None or correction is None:
        raise ValueError("upload: an image with a suggested correction expected")
    with inference_slots:
        preview = correction.apply_to_radiograph(image.preview)
        corrected = ExaminedImage(preview, gate.apply_correction(image.admission_result))
        result = _read_examined(gate, upload.file, corrected, correction)
    session_uploads().update(result)


def read_despite_refusal(upload: RefusedUpload, gate: AdmissionGate) -> None:
    """Read a refused upload because the user insists; its finding carries the refusals.

    Raises:
        ValueError: The file could not be decoded.
    """
    if upload.image is None:
        raise ValueError("upload: a decoded image expected")
    finding = gate.read(upload.image.admission_result, anyway=True)
    session_uploads().update(ReadUpload(upload.file, finding, upload.image))


def _keep_age(key: str) -> None:
    upload = current_upload()
    if upload and key == _age_key(upload):  # else the upload left the screen before its age arrived
        session_uploads().update(_with_age(upload, st.session_state[key]))


def _age_key(upload: UploadResult) -> str:
    """Return the key of the control of one upload: the next patient has another age."""
    return f"age_{upload.file.upload_id}"


def _with_age(upload: UploadResult, age_years: int | None) -> UploadResult:
    return replace(upload, file=replace(upload.file, age_years=age_years))


def _read(gate: AdmissionGate, file: FileInfo, content: bytes) -> UploadResult:
    try:
        radiograph = decode(content, file.window)
    except FileRefused as error:
        return RefusedUpload(file, refusal_row(file.name, error, gate.classifier.release.version))
    age_years = radiograph.metadata.age_years if radiograph.metadata else None
    image = ExaminedImage(_preview(radiograph), gate.examine(radiograph))
    return _read_examined(gate, replace(file, age_years=age_years), image)


def _read_examined(
    gate: AdmissionGate, file: FileInfo, image: ExaminedImage, correction: Correction | None = None
) -> UploadResult:
    try:
        return ReadUpload(file, gate.read(image.admission_result), image, correction)
    except NotAdmitted as error:
        return RefusedUpload(file, refusal_row(file.name, error, gate.classifier.release.version), image)


def _preview(radiograph: Radiograph) -> Radiograph:
    pixels = resize(radiograph.pixels, *preview_size(radiograph.height, radiograph.width))
    return replace(radiograph, pixels=np.ascontiguousarray(pixels))
