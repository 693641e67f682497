"""English sentences of all messages, and the function that renders them in any language.

The text of an error says what happened, what is accepted, and what to do.
"""

from collections.abc import Iterable

from model.codes import Caution, RefusalReason
from model.limits import MAX_BYTES, MAX_PIXELS, MIN_ADMISSIBLE_SIDE, MIN_DECODABLE_SIDE
from model.messages import AnyCode, Message, MessageCode, Parameter
from model.translation import N_, gettext

_ACCEPTED = N_("DICOM, PNG and JPEG files are accepted.")
_EXPORT_AS_PNG = N_("Export the X-ray as PNG or JPEG and upload that file.")
_EXPORT_AGAIN = N_("Export or copy the X-ray again and upload the new file.")
_EXPORT_SMALLER = N_("Export the X-ray at a smaller size.")
_FRONTAL_ONLY = N_("Only frontal chest X-rays (AP or PA) are accepted.")
_RADIOGRAPHS_ONLY = N_("Only chest X-rays (modality CR, DX or RG) are accepted.")
_WRONG_LABEL = N_("If the label is wrong, export the image as PNG and upload that file.")
_RESTORE_RELEASE = N_(
    "No image can be read. Restore the folder model/release from the project, or reinstall the program."
)
_NOTHING_SAVED = N_("Nothing was saved.")
_TRY_AGAIN = N_("Try again.")
_TRY_LATER = N_("Try again later.")
_DOWNLOAD_MANUALLY = N_(
    "Alternatively, download the data set from {page} in a browser, unpack it, and set CHEST_XRAY_DIR to the folder "
    "that contains train, val and test."
)

_SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    # Files that cannot be decoded.
    MessageCode.EMPTY_FILE: (N_("The file is empty."), _EXPORT_AGAIN),
    MessageCode.FILE_NOT_OPENED: (N_("The file cannot be opened ({reason})."), N_("Check your permission to read it.")),
    MessageCode.FILE_DAMAGED: (N_("The file is damaged or incomplete."), _EXPORT_AGAIN),
    MessageCode.FILE_TOO_LARGE: (N_("The file is larger than {max_megabytes} MB."), _EXPORT_SMALLER),
    MessageCode.TOO_MANY_PIXELS: (
        N_("The image has {width} x {height} pixels. The limit is {max_megapixels} megapixels."),
        _EXPORT_SMALLER,
    ),
    MessageCode.TOO_FEW_PIXELS: (
        N_("The image has {width} x {height} pixels. The shorter side needs at least {min_decodable_side}."),
        N_("Export the X-ray at full size."),
    ),
    MessageCode.OUT_OF_MEMORY: (N_("This computer has too little free memory for the image."), _EXPORT_SMALLER),
    MessageCode.OTHER_FORMAT: (N_("Unsupported file type: {file_format}."), _ACCEPTED, _EXPORT_AS_PNG),
    MessageCode.ANIMATED_PNG: (
        N_("This PNG contains several images."),
        N_("Upload a file with a single X-ray."),
    ),
    MessageCode.RARE_JPEG: (
        N_("This JPEG uses an unsupported encoding."),
        N_("8-bit baseline and progressive JPEG are accepted."),
        _EXPORT_AS_PNG,
    ),
    # DICOM files.
    MessageCode.DECODING_ABORTED: (
        N_("Decoding was stopped: this DICOM file needed too much time or memory, or is damaged."),
        N_("Export or copy the X-ray again, or export it as PNG or JPEG."),
    ),
    MessageCode.DECODER_UNAVAILABLE: (
        N_("The DICOM decoder could not start because this computer is short of memory or processes."),
        N_("There is nothing wrong with the file. Close other programs and try again, or upload a PNG or JPEG."),
    ),
    MessageCode.DICOM_DIRECTORY: (
        N_("This is the index of a DICOM disc (DICOMDIR). It contains no image."),
        N_("Upload an image file from the folders of the disc."),
    ),
    MessageCode.NO_PIXEL_DATA: (N_("This DICOM file contains no image, or is incomplete."), _EXPORT_AGAIN),
    MessageCode.OTHER_MODALITY: (
        N_("Not a radiograph: the file is labelled as {modality}."),
        _RADIOGRAPHS_ONLY,
        _WRONG_LABEL,
    ),
    MessageCode.UNKNOWN_MODALITY: (
        N_("The modality in the file is not accepted."),
        _RADIOGRAPHS_ONLY,
        _WRONG_LABEL,
    ),
    MessageCode.OTHER_BODY_PART: (N_("Not a chest image: the file says {body_part}."), _FRONTAL_ONLY, _WRONG_LABEL),
    MessageCode.NON_FRONTAL_VIEW: (
        N_("Not a frontal view: the file is labelled as {view}."),
        _FRONTAL_ONLY,
        _WRONG_LABEL,
    ),
    MessageCode.MULTIPLE_FRAMES: (
        N_("This DICOM file contains {frames} images, such as a video or a stack of slices."),
        N_("Upload a file with a single chest X-ray."),
    ),
    MessageCode.COLOUR: (
        N_("This DICOM file contains a colour image."),
        N_("Upload the greyscale X-ray as stored by the X-ray system."),
    ),
    MessageCode.TRANSFER_SYNTAX: (
        N_("The image in this DICOM file uses an unsupported compression ({transfer_syntax})."),
        N_("Uncompressed, RLE, JPEG (8-bit or lossless), JPEG-LS and JPEG 2000 are accepted."),
        _EXPORT_AS_PNG,
    ),
    MessageCode.BITS_ALLOCATED: (
        N_("This DICOM file stores {bits} bits per pixel. Only 8 and 16 are accepted."),
        _EXPORT_AS_PNG,
    ),
    # The trained model.
    MessageCode.RELEASE_FILE_MISSING: (N_("The trained model is incomplete: {file} is missing."), _RESTORE_RELEASE),
    MessageCode.RELEASE_FILE_UNLISTED: (
        N_("The trained model is incomplete: its checksums do not list {file}."),
        _RESTORE_RELEASE,
    ),
    MessageCode.RELEASE_FILE_CHANGED: (
        N_("The trained model has been altered: {file} does not match its checksum."),
        _RESTORE_RELEASE,
    ),
    MessageCode.RELEASE_FILE_DAMAGED: (N_("The trained model is damaged: {file} is not valid."), _RESTORE_RELEASE),
    MessageCode.RELEASE_INCOMPATIBLE: (
        N_("The trained model does not fit this program: {item} is {declared}, but {expected} is required."),
        _RESTORE_RELEASE,
    ),
    MessageCode.NETWORK_UNUSABLE: (N_("The trained network cannot be loaded."), _RESTORE_RELEASE),
    MessageCode.NETWORK_INCOMPATIBLE: (
        N_("The trained network does not match the description of the model."),
        _RESTORE_RELEASE,
    ),
    MessageCode.NETWORK_OUTPUT_INVALID: (
        N_("The trained network returned an invalid value for this image."),
        _RESTORE_RELEASE,
    ),
    # Processes.
    MessageCode.EXPLANATION_FAILED: (
        N_("The other explanations could not be computed. They need TensorFlow and about 1 GB of free memory."),
        N_("The result and its heat map are not affected."),
    ),
    MessageCode.WORKER_LOST: (
        N_("A worker process was stopped, most likely because the computer ran out of memory."),
        N_("The results so far are complete. Close other programs or read fewer files at a time, then try again."),
    ),
    # The labelled data set.
    MessageCode.DATASET_MISSING: (
        N_("The folder {folder} does not exist."),
        N_("Set CHEST_XRAY_DIR to the folder that contains train, val and test, or run `python -m dataset download`."),
    ),
    MessageCode.DATASET_WITHOUT_SPLITS: (
        N_("{folder} contains none of the folders train, val and test."),
        N_("Each of them needs the folders NORMAL and PNEUMONIA."),
    ),
    MessageCode.CLASS_FOLDER_MISSING: (
        N_("The folder {folder} is missing."),
        N_("Every split needs the folders NORMAL and PNEUMONIA."),
    ),
    MessageCode.CLASS_FOLDER_EMPTY: (
        N_("The folder {folder} is empty."),
        N_("Add its images, or remove the whole split."),
    ),
    MessageCode.TOO_FEW_PATIENTS: (
        N_(
            "No {label} images are left for {split}: {validation_percent}% of the patients are reserved for validation."
        ),
        N_("Add images of more patients to train."),
    ),
    MessageCode.NO_READABLE_IMAGES: (
        N_("None of the images of the data set can be read."),
        N_("Complete PNG and JPEG images are accepted."),
    ),
    # The download of the data set.
    MessageCode.SAMPLE_COUNT: (
        N_("{count} sample images cannot be downloaded. Choose a number from {minimum} to {maximum}."),
    ),
    MessageCode.DOWNLOAD_RUNNING: (
        N_("A download is already running."),
        N_("Wait until it has finished, then reload the page or start again."),
    ),
    MessageCode.TARGET_IN_USE: (
        N_("{folder} already exists and has other content."),
        _NOTHING_SAVED,
        N_("Remove it, or choose a new or empty folder (--to or CHEST_XRAY_DIR)."),
    ),
    MessageCode.TARGET_NOT_WRITABLE: (
        N_("The data set cannot be written to {folder} ({reason})."),
        N_("Check your permission to write there, or choose another folder (--to or CHEST_XRAY_DIR)."),
    ),
    MessageCode.DISK_FULL: (
        N_("The disk of {folder} is full. The download needs about {size} of free space."),
        _NOTHING_SAVED,
        N_("Free some space, or choose a folder on another disk (--to or CHEST_XRAY_DIR)."),
    ),
    MessageCode.DOWNLOAD_INTERRUPTED: (N_("The download was interrupted."), _NOTHING_SAVED),
    MessageCode.DOWNLOAD_RESUMABLE: (
        N_("The download was interrupted."),
        N_("Run the same command again to resume it."),
    ),
    MessageCode.CONNECTION_LOST: (N_("The connection was lost."), _NOTHING_SAVED, _TRY_AGAIN),
    MessageCode.CONNECTION_RESUMABLE: (
        N_("The connection was lost."),
        N_("Start the download again to resume it."),
    ),
    MessageCode.HOST_UNREACHABLE: (
        N_("{host} cannot be reached ({error})."),
        N_("Check the network connection and the proxy settings."),
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.LOGIN_REQUIRED: (
        N_("{host} asks for a login or rejects the Kaggle token of this computer (status {status})."),
        N_("No token is needed: remove it and try again."),
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.DOWNLOAD_FORBIDDEN: (
        N_("{host} refuses the download (status {status})."),
        N_("Try again later or from another network."),
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.DOWNLOAD_NOT_FOUND: (
        N_("{host} no longer offers the data set at this address (status {status})."),
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.HOST_ERROR: (N_("{host} cannot answer (status {status})."), _TRY_LATER, _DOWNLOAD_MANUALLY),
    MessageCode.DOWNLOAD_DAMAGED: (
        N_("The downloaded file is damaged and was deleted ({reason})."),
        _TRY_AGAIN,
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.DOWNLOAD_MISMATCH: (
        N_("The archive does not contain the published data set. Images found and expected: {counts}."),
        _NOTHING_SAVED,
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.DOWNLOAD_NOT_AN_IMAGE: (
        N_("The downloaded file is not an image."),
        _NOTHING_SAVED,
        N_("The network may require a login: open any web page in the browser, then try again."),
        _DOWNLOAD_MANUALLY,
    ),
    # The admission check refuses the image.
    RefusalReason.TOO_SMALL: (
        N_("The image is too small: the shorter side needs at least {min_admissible_side} pixels."),
        N_("Export the X-ray at full size."),
    ),
    RefusalReason.NOT_A_RADIOGRAPH: (
        N_("This does not look like a chest X-ray."),
        N_("Upload an image that shows a frontal chest X-ray only."),
    ),
    RefusalReason.NO_LUNGS: (
        N_("Two lungs in a frontal view could not be identified."),
        N_("It may be a lateral view, another part of the body, or a CT or MR slice."),
        N_("Upload a frontal chest X-ray."),
    ),
    RefusalReason.INVERTED: (
        N_("Black and white appear to be swapped: lungs should be dark and bones bright."),
        N_("Invert the image, or export the X-ray without inversion."),
    ),
    RefusalReason.ROTATED: (
        N_("The X-ray appears to be rotated or upside down."),
        N_("Rotate it so that the head is at the top."),
    ),
    RefusalReason.CROPPED: (
        N_("Part of the chest is missing."),
        N_("Upload the complete X-ray with both lungs from apex to base."),
    ),
    RefusalReason.NO_CONTRAST: (
        N_("Contrast too low: the image is washed out or its grey values are cut off."),
        N_("Export the X-ray with its full range of grey values."),
    ),
    # Cautions.
    Caution.OUT_OF_DISTRIBUTION: (
        N_("This X-ray is unlike those used in training. The result may be less accurate."),
        N_("Rely on your own reading."),
    ),
    Caution.MIRRORED: (
        N_("Left and right may be swapped: the heart appears on the wrong side."),
        N_("Check the side marker."),
    ),
    Caution.LOW_QUALITY: (
        N_("Low image quality: coarse, blurred or noisy. Subtle opacities may be missed."),
        N_("Use the original file if available."),
    ),
    Caution.NEAR_DUPLICATE: (N_("The model has seen this image (or a near copy), so the result is not a fair test."),),
    Caution.CORRECTED: (N_("The image was rotated or inverted at your request before it was read."),),
    Caution.LUNGS_NOT_FOUND: (
        N_("No lungs were found, so the whole image was read. Do not rely on this result."),
        N_("Check that this is a frontal chest X-ray, upright and not inverted."),
    ),
    Caution.OUTSIDE_POPULATION: (
        N_("This model is for children aged {youngest} to {oldest} years. The patient is outside this age range."),
    ),
    Caution.BURNED_IN_ANNOTATION: (N_("Burned-in text may affect the result and may identify the patient."),),
    Caution.ENCODING_ASSUMED: (
        N_("The file does not state its encoding. It was read as Implicit VR Little Endian, the DICOM default."),
        N_("Check that the image looks right."),
    ),
    Caution.NON_DEFAULT_WINDOW: (
        N_("Read with a window other than the first in the file, at your request."),
        N_("Workstations start with the first window, so this result may differ from theirs."),
    ),
    Caution.EXPLANATION_UNRELIABLE: (N_("The heat map is not reliable for this image."),),
    Caution.EXPLANATION_UNCHECKED: (N_("The heat map could not be checked for this image."),),
}

# Names of terms, by parameter and term. A value that is not listed is shown unchanged.
_TERM_NAMES: dict[str, dict[str, str]] = {
    "file_format": {
        "pdf": N_("PDF document"),
        "gif": N_("GIF image"),
        "tiff": N_("TIFF image"),
        "webp": N_("WebP image"),
        "heif": N_("HEIC or AVIF image"),
        "jpeg2000": N_("JPEG 2000 image"),
        "bmp": N_("BMP image"),
        "archive": N_("archive or Office document"),
        "html": N_("web page"),
        "svg": N_("SVG drawing"),
        "xml": N_("XML document"),
        "unknown": N_("not an image file"),
    },
    "modality": {
        "CT": N_("CT"),
        "MR": N_("magnetic resonance (MR)"),
        "US": N_("ultrasound"),
        "MG": N_("mammography"),
        "NM": N_("nuclear medicine"),
        "PT": N_("PET"),
        "XA": N_("angiography"),
        "RF": N_("fluoroscopy"),
        "IO": N_("intra-oral (dental) radiography"),
        "PX": N_("panoramic (dental) radiography"),
        "BMD": N_("bone densitometry"),
        "ES": N_("endoscopy"),
        "XC": N_("photography"),
        "OP": N_("ophthalmic photography"),
        "SM": N_("microscopy"),
        "ECG": N_("ECG"),
        "SR": N_("structured report (no image)"),
        "PR": N_("presentation state (no image)"),
        "KO": N_("key object selection (no image)"),
        "DOC": N_("document (no image)"),
        "SEG": N_("segmentation"),
    },
    "transfer_syntax": {"unknown": N_("unknown")},
    "view": {"lateral": N_("lateral"), "oblique": N_("oblique")},
    "split": {"training": N_("training"), "validation": N_("validation"), "test": N_("test")},
}
_LIMITS: dict[str, Parameter] = {
    "max_megabytes": MAX_BYTES // 2**20,
    "max_megapixels": MAX_PIXELS // 10**6,
    "min_decodable_side": MIN_DECODABLE_SIDE,
    "min_admissible_side": MIN_ADMISSIBLE_SIDE,
}


def render(messages: Iterable[Message], language: str | None = None) -> str:
    """Return the sentences of messages as one text.

    Args:
        messages: Messages in the order of the text.
        language: Language to use instead of the selected one, see `model.translation.use_language`.

    Returns:
        The text; "" without messages.

    Raises:
        KeyError: A code has no sentence, or a parameter of the sentence is missing.
    """
    return " ".join(
        _render_sentence(message, sentence, language) for message in messages for sentence in _SENTENCES[message.code]
    )


def render_codes(codes: Iterable[AnyCode], language: str | None = None) -> str:
    """Return the sentences of codes that have no parameters as one text, see `render`."""
    return render(map(Message, codes), language)


def closed_terms(param: str) -> tuple[str, ...]:
    """Return the terms that have a name, for a parameter such as "modality"."""
    return tuple(_TERM_NAMES[param])


def _render_sentence(message: Message, sentence: str, language: str | None) -> str:
    params = {name: _term_name(name, value, language) for name, value in message.params.items()}
    return gettext(sentence, language).format(**_LIMITS, **params)


def _term_name(param: str, value: Parameter, language: str | None) -> Parameter:
    name = _TERM_NAMES.get(param, {}).get(str(value))
    return gettext(name, language) if name else value
