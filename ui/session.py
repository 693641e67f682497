"""Uploads of one browser session, kept in memory until the session ends.

An upload is immutable. When the patient's age, the correction or the heat-map check changes, a new object replaces the
upload in `SessionUploads`. Rows and downloads look the upload up when they are created, so they always show its latest
state.
`ui.reading.actions` reads files and adds them.
"""

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import streamlit as st

from model.admission.decision import Correction
from model.admission.gate import AdmissionResult
from model.codes import Population
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding, HeatMapCheck
from model.inference.finding_rows import Row, finding_row
from model.messages import Message
from ui.reading.turns import SessionTime
from ui.settings import SessionSettings

MAX_ROWS = 200  # of the session table; the oldest are dropped first
_UPLOADS_KEY, _IDENTIFIER_KEY = "uploads", "session_identifier"


@dataclass(frozen=True, eq=False)
class ExaminedImage:
    """Image of the upload on screen and the result of its admission check. The next upload replaces it.

    Attributes:
        preview: Radiograph at the size that the viewer shows. The uploaded file itself is not kept.
        admission_result: Result of the admission check, including the outputs of the networks.
    """

    preview: Radiograph
    admission_result: AdmissionResult


@dataclass(frozen=True)
class FileInfo:
    """An uploaded file, without its image.

    Attributes:
        upload_id: Streamlit's identifier of the upload; a rerun does not read the same upload again.
        name: File name.
        window: Index of the DICOM window used.
        age_years: Age of the patient in completed years, from the file or the user; None if unknown.
        patient_group: Patient group in the labelled set, see `dataset.file_names.PatientIdentity`; None for other
            files.
        population: Population of a labelled image; None for other files.
    """

    upload_id: str
    name: str
    window: int = 0
    age_years: int | None = None
    patient_group: str | None = None
    population: Population | None = None


@dataclass(frozen=True, eq=False)
class ReadUpload:
    """Upload that was read.

    Attributes:
        file: The file.
        finding: Finding of `AdmissionGate.read`, at the default settings.
        image: Image on screen; None once the upload is no longer on screen.
        correction: Correction applied to a refused image, at the user's request, before it was read.
        heat_map_check: Result of the reliability check of the heat map.
    """

    file: FileInfo
    finding: Finding
    image: ExaminedImage | None = None
    correction: Correction | None = None
    heat_map_check: HeatMapCheck = field(default_factory=HeatMapCheck)

    def presented(self, settings: SessionSettings) -> Finding:
        """Return the finding at these settings, with all cautions."""
        return settings.present(self.finding, self.file.age_years, self.file.population, self.heat_map_check)

    def row(self, settings: SessionSettings) -> Row:
        """Return the row of the CSV at these settings."""
        return finding_row(self.file.name, self.presented(settings))

    @property
    def refusal_messages(self) -> tuple[Message, ...]:
        """Reasons why the admission check refused an image that was read anyway; empty for admitted images."""
        return tuple(map(Message, self.finding.refusals))


@dataclass(frozen=True, eq=False)
class RefusedUpload:
    """Upload that was not read.

    Attributes:
        file: The file.
        refusal: Row of the CSV, with the reason in English.
        refusal_messages: The reason. The exception is not kept, because it would keep the refused file in memory.
        image: Image on screen; None if the file cannot be decoded or the upload is no longer on screen.
    """

    file: FileInfo
    refusal: Row
    refusal_messages: tuple[Message, ...]
    image: ExaminedImage | None = None

    def row(self, _settings: SessionSettings) -> Row:
        """Return the row of the CSV."""
        return self.refusal


UploadResult = ReadUpload | RefusedUpload


@dataclass(frozen=True, eq=False)
class ChosenFile:
    """File that the user has chosen and that has not been read yet.

    Attributes:
        file: The file; its age is taken from the content.
        content: Content of the file.
    """

    file: FileInfo
    content: bytes


class SessionUploads:
    """Uploads of one session, newest first. At most one is on screen, and only that one keeps its image.

    A file that the user has chosen is kept until it has been read, so that the user may visit another page meanwhile.

    This object can be shared between threads. When the user leaves a page, the thread of that page continues while the
    next page runs in another thread. Streamlit calls the functions behind download buttons in other threads, which
    cannot use `st.session_state`, so these functions hold this object instead.
    """

    def __init__(self) -> None:
        """Start without uploads."""
        self._lock = threading.Lock()
        self._uploads: tuple[UploadResult, ...] = ()
        self._current_id: str | None = None
        self._chosen: ChosenFile | None = None
        self.reading_time = SessionTime()

    def __iter__(self) -> Iterator[UploadResult]:
        return iter(self._uploads)

    def __len__(self) -> int:
        return len(self._uploads)

    @property
    def current(self) -> UploadResult | None:
        """Upload on screen."""
        return self.find(self._current_id) if self._current_id else None

    @property
    def chosen(self) -> ChosenFile | None:
        """File that is being read or waits for its turn."""
        return self._chosen

    def find(self, upload_id: str) -> UploadResult | None:
        """Return the latest state of an upload; None if it was dropped."""
        return next((upload for upload in self._uploads if upload.file.upload_id == upload_id), None)

    def finding(self, upload_id: str, settings: SessionSettings) -> Finding:
        """Return the current finding of an upload.

        Raises:
            LookupError: The upload was dropped or refused.
        """
        upload = self.find(upload_id)
        if not isinstance(upload, ReadUpload):
            raise LookupError("The session has no finding for this upload.")
        return upload.presented(settings)

    def rows(self, settings: SessionSettings) -> list[Row]:
        """Return the current rows of the CSV, newest first."""
        return [upload.row(settings) for upload in self._uploads]

    def choose(self, chosen: ChosenFile) -> None:
        """Keep a file until it has been read, and remove the upload from the screen."""
        with self._lock:
            self._clear_current()
            self._chosen = chosen

    def discard(self, chosen: ChosenFile) -> None:
        """Forget a file that cannot be read, unless the user has chosen another one."""
        with self._lock:
            if self._chosen is chosen:
                self._chosen = None

    def finish(self, chosen: ChosenFile, upload: UploadResult) -> None:
        """Add the upload of a chosen file as the newest; it replaces an earlier one with the same identifier.

        It is not shown if the user has removed the file or chosen another one during the reading.
        """
        with self._lock:
            if self._chosen is chosen:
                self._clear_current()
                self._chosen, self._current_id = None, upload.file.upload_id
            else:
                upload = replace(upload, image=None)
            others = [other for other in self._uploads if other.file.upload_id != upload.file.upload_id]
            self._uploads = (upload, *others)[:MAX_ROWS]

    def update(self, upload: UploadResult) -> None:
        """Replace the upload with the same identifier."""
        with self._lock:
            self._replace(upload)

    def replace_refused(self, refused: RefusedUpload, result: UploadResult) -> None:
        """Replace a refused upload with its result after a correction, or despite the refusal.

        If the upload has been read again in the meantime, nothing is stored.
        """
        with self._lock:
            if self.find(refused.file.upload_id) is refused:
                self._replace(result)

    def set_heat_map_check(self, checked: ReadUpload, check: HeatMapCheck) -> ReadUpload:
        """Add the result of a check to an upload and return the new upload.

        If the upload has been read again in the meantime, nothing is stored, because the check is for another heat map.
        """
        with self._lock:
            latest = self.find(checked.file.upload_id)
            if not isinstance(latest, ReadUpload) or latest.finding is not checked.finding:
                return replace(checked, heat_map_check=check)
            latest = replace(latest, heat_map_check=check)
            self._replace(latest)
            return latest

    def clear_current(self) -> None:
        """Remove the upload and its image from the screen; its row stays. A file that has not been read is dropped."""
        with self._lock:
            self._clear_current()
            self._chosen = None

    def _clear_current(self) -> None:
        if self.current:
            self._replace(replace(self.current, image=None))
        self._current_id = None

    def _replace(self, new: UploadResult) -> None:
        self._uploads = tuple(
            new if upload.file.upload_id == new.file.upload_id else upload for upload in self._uploads
        )


def session_uploads() -> SessionUploads:
    """Return the uploads of this session. If the user has left the page, Streamlit ends the run here."""
    if _UPLOADS_KEY not in st.session_state:
        st.session_state[_UPLOADS_KEY] = SessionUploads()
    uploads: SessionUploads = st.session_state[_UPLOADS_KEY]
    return uploads


def session_identifier() -> str:
    """Return a random identifier of this session, which no other session has had. It opens nothing."""
    identifier: str = st.session_state.setdefault(_IDENTIFIER_KEY, secrets.token_hex(8))
    return identifier


def uploader_key() -> str:
    """Return the key of the file uploader. A new session has another one, so its uploader shows no earlier file."""
    return f"file_{session_identifier()}"


def is_session_used() -> bool:
    """Return whether a file has been chosen in this session."""
    return bool(st.session_state.get(uploader_key()) or session_uploads().chosen or len(session_uploads()))


def current_upload() -> UploadResult | None:
    """Return the upload on screen. It is kept during a visit to another page, which empties the file uploader."""
    return session_uploads().current


def current_file() -> FileInfo | None:
    """Return the file that is being read or whose upload is on screen."""
    uploads = session_uploads()
    latest = uploads.chosen or uploads.current
    return latest.file if latest else None


def clear_upload() -> None:
    """Remove the upload from the screen; its row stays. A file that has not been read yet is dropped."""
    session_uploads().clear_current()
