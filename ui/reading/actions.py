"""Read a file, correct a refused image, or read it despite its refusal. Each function puts its result on screen."""

import threading
from dataclasses import replace

import numpy as np

from model.admission.decision import Correction
from model.admission.gate import AdmissionGate
from model.errors import FileRefused, NotAdmitted
from model.imaging.decode import decode
from model.imaging.geometry import resize
from model.imaging.radiograph import Radiograph
from model.inference.finding_rows import refusal_row
from model.limits import READINGS_AT_ONCE
from ui.reading.age_control import with_age
from ui.session import (
    ExaminedImage,
    FileInfo,
    ReadUpload,
    RefusedUpload,
    UploadResult,
    clear_upload,
    session_uploads,
)
from ui.viewer.component import preview_size

inference_slots = threading.BoundedSemaphore(READINGS_AT_ONCE)  # shared by all sessions; limits the memory


def read_upload(gate: AdmissionGate, file: FileInfo, content: bytes) -> None:
    """Check and read a file.

    A file that is read again with another window replaces its earlier upload and keeps the age of the patient.

    Args:
        gate: Gate of the release in use.
        file: Identifier, name, window and patient group; the age is taken from the file.
        content: Content of the file.
    """
    clear_upload()
    with inference_slots:
        upload = _read(gate, file, content)
    uploads = session_uploads()  # only now: a run that the user has left ends here and shows nothing
    if earlier := uploads.find(file.upload_id):
        upload = with_age(upload, earlier.file.age_years)
    uploads.add(upload)


def apply_correction(upload: RefusedUpload, gate: AdmissionGate) -> None:
    """Apply the correction that the admission check suggests for a refused upload, and read the result.

    Raises:
        ValueError: The check suggests no correction.
    """
    image = upload.image
    correction = image.admission_result.admission.correction if image else None
    if image is None or correction is None:
        raise ValueError("upload must have an image with a suggested correction")
    with inference_slots:
        preview = correction.apply_to_radiograph(image.preview)
        corrected = ExaminedImage(preview, gate.apply_correction(image.admission_result))
        result = _read_examined(gate, upload.file, corrected, correction)
    session_uploads().update(result)


def read_despite_refusal(upload: RefusedUpload, gate: AdmissionGate) -> None:
    """Read a refused upload at the user's request. The finding states the reasons for the refusal.

    Raises:
        ValueError: The file could not be decoded.
    """
    if upload.image is None:
        raise ValueError("upload must have a decoded image")
    finding = gate.read(upload.image.admission_result, include_refused=True)
    session_uploads().update(ReadUpload(upload.file, finding, upload.image))


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
