"""Sentences about files that cannot be decoded."""

from model.messages import AnyCode, MessageCode
from model.sentences.advice import EXPORT_AGAIN, EXPORT_AS_PNG
from model.translation import N_

_ACCEPTED = N_("DICOM, PNG and JPEG files are accepted.")
_EXPORT_SMALLER = N_("Export the X-ray at a smaller size.")

SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    MessageCode.EMPTY_FILE: (N_("The file is empty."), EXPORT_AGAIN),
    MessageCode.FILE_NOT_OPENED: (N_("The file cannot be opened ({reason})."), N_("Check your permission to read it.")),
    MessageCode.FILE_DAMAGED: (N_("The file is damaged or incomplete."), EXPORT_AGAIN),
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
    MessageCode.OTHER_FORMAT: (N_("Unsupported file type: {file_format}."), _ACCEPTED, EXPORT_AS_PNG),
    MessageCode.ANIMATED_PNG: (
        N_("This PNG contains several images."),
        N_("Upload a file with a single X-ray."),
    ),
    MessageCode.RARE_JPEG: (
        N_("This JPEG uses an unsupported encoding."),
        N_("8-bit baseline and progressive JPEG are accepted."),
        EXPORT_AS_PNG,
    ),
}
