"""Pre-commit hook: refuse images and DICOM files outside docs/, because they may show patients.

`python -m tools.refuse_images FILE...` recognises files by content, so an X-ray without a suffix is refused too.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from model.errors import FormatUnsupported
from model.imaging.file_formats import detect_format

_HEADER_BYTES = 4096
_IMAGE_FORMATS = {"gif", "tiff", "webp", "heif", "jpeg2000", "bmp"}  # formats that `detect_format` knows but refuses
_ALLOWED_FOLDER = "docs"


def is_image(path: Path) -> bool:
    """Return whether a file is an image or a DICOM file, by its first bytes."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    try:
        detect_format(header)
    except FormatUnsupported as error:
        return error.messages[0].params["file_format"] in _IMAGE_FORMATS
    return True


def main(arguments: Sequence[str]) -> int:
    """Print each refused file; return 1 if there are any, else 0."""
    paths = [Path(argument) for argument in arguments]
    refused = [path for path in paths if path.parts[0] != _ALLOWED_FOLDER and path.is_file() and is_image(path)]
    for path in refused:
        print(
            f"{path}: images and DICOM files are allowed only in {_ALLOWED_FOLDER}/, because they could show a patient"
        )
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
