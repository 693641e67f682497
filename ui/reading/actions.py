"""Read a file, correct a refused image, or read it despite its refusal. Each function puts its result on screen."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from model.admission.decision import Correction
from model.admission.gate import AdmissionGate
from model.errors import FileRefused, FormatUnsupported, NotAdmitted
from model.imaging.decode import decode
from model.imaging.file_formats import detect_format
from model.imaging.geometry import resize
from model.imaging.radiograph import Radiograph
from model.inference.finding_rows import refusal_row
from ui.reading.age_control import with_age
from ui.reading.turns import reading_turns
from ui.session import (
    ChosenFile,
    ExaminedImage,
    FileInfo,
    ReadUpload,
    RefusedUpload,
    UploadResult,
    session_uploads,
)
from ui.viewer.component import preview_size


def read_upload(gate: AdmissionGate, file: FileInfo, content: bytes) -> None:
    """Check and read a file; see `choose_file` and `read_chosen_file`."""
    choose_file(file, content)
    read_chosen_file(gate)


def choose_file(file: FileInfo, content: bytes) -> None:
    """Keep a file until `read_chosen_file` has read it, and remove the upload from the screen.

    Args:
        file: Identifier, name, window and patient group.
        content: Content of the file.
    """
    session_uploads().choose(ChosenFile(file, content))


def read_chosen_file(gate: AdmissionGate, report_ahead: Callable[[int], None] = lambda _: None) -> None:
    """Check and read the file that the user has chosen; do nothing if there is none.

    The user may open another page meanwhile. A file that waits for its turn is then read by the next call. A reading
    continues, and the next call waits for its end.

    A file that is read again with another window replaces its earlier upload and keeps the age of the patient.

    Args:
        gate: Gate of the release in use.
        report_ahead: Called while the file waits for its turn; see `Turns.take`.
    """
    uploads = session_uploads()
    chosen = uploads.chosen
    if chosen is None:
        return
    with reading_turns.take(uploads.reading_time, _is_dicom(chosen.content), report_ahead):
        if uploads.chosen is not chosen:  # an earlier run of the page has read it, or the user has removed it
            return
        try:
            upload = _read(gate, chosen.file, chosen.content)
        except Exception:
            session_uploads()  # a run that the user has left ends here; the next run reads the file and shows the error
            uploads.discard(chosen)
            raise
        if earlier := uploads.find(chosen.file.upload_id):
            upload = with_age(upload, earlier.file.age_years)
        uploads.finish(chosen, upload)


def apply_correction(upload: RefusedUpload, gate: AdmissionGate) -> None:
    """Apply the correction that the admission check suggests for a refused upload, and read the result.

    Raises:
        ValueError: The check suggests no correction.
    """
    image = upload.image
    correction = image.admission_result.admission.correction if image else None
    if image is None or correction is None:
        raise ValueError("upload must have an image with a suggested correction")
    uploads = session_uploads()  # before the reading: the user may leave the page during it
    with reading_turns.take(uploads.reading_time):
        preview = correction.apply_to_radiograph(image.preview)
        corrected = ExaminedImage(preview, gate.apply_correction(image.admission_result))
        result = _read_examined(gate, upload.file, corrected, correction)
    uploads.replace_refused(upload, result)


def read_despite_refusal(upload: RefusedUpload, gate: AdmissionGate) -> None:
    """Read a refused upload at the user's request. The finding states the reasons for the refusal.

    Raises:
        ValueError: The file could not be decoded.
    """
    if upload.image is None:
        raise ValueError("upload must have a decoded image")
    uploads = session_uploads()
    finding = gate.read(upload.image.admission_result, include_refused=True)
    uploads.replace_refused(upload, ReadUpload(upload.file, finding, upload.image))


def _is_dicom(content: bytes) -> bool:
    with suppress(FormatUnsupported):  # `decode` reports this error
        return detect_format(content) == "DICOM"
    return False


def _read(gate: AdmissionGate, file: FileInfo, content: bytes) -> UploadResult:
    try:
        radiograph = decode(content, file.window)
    except FileRefused as error:
        return _refused(gate, file, error)
    age_years = radiograph.metadata.age_years if radiograph.metadata else None
    image = ExaminedImage(_preview(radiograph), gate.examine(radiograph))
    return _read_examined(gate, replace(file, age_years=age_years), image)


def _read_examined(
    gate: AdmissionGate, file: FileInfo, image: ExaminedImage, correction: Correction | None = None
) -> UploadResult:
    try:
        return ReadUpload(file, gate.read(image.admission_result), image, correction)
    except NotAdmitted as error:
        return _refused(gate, file, error, image)


def _refused(
    gate: AdmissionGate, file: FileInfo, error: FileRefused, image: ExaminedImage | None = None
) -> RefusedUpload:
    row = refusal_row(file.name, error, gate.classifier.release.version)
    return RefusedUpload(file, row, error.messages, image)


def _preview(radiograph: Radiograph) -> Radiograph:
    pixels = resize(radiograph.pixels, *preview_size(radiograph.height, radiograph.width))
    return replace(radiograph, pixels=np.ascontiguousarray(pixels))
