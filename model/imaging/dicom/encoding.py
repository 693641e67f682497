"""Find the encoding that pixel data really have, and complete the tags that describe them.

Runs in the worker process only. Nothing here decodes a pixel.
"""

from pydicom import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from model.errors import ColourImage
from model.imaging.dicom.codestream import has_codestream, read_codestream
from model.messages import MessageCode

_ITEM = b"\xfe\xff\x00\xe0"  # tag that begins encapsulated pixel data (PS3.5 A.4)
_PALETTE = "PALETTE COLOR"


def complete_pixel_tags(dataset: Dataset) -> None:
    """Normalise the photometric interpretation and fill in tags that follow from others.

    Raises:
        AttributeError: A tag that cannot be filled in is missing.
    """
    # A code string is in upper case and has no space at its ends (PS3.5 6.2); some files break both rules.
    interpretation = "".join(str(dataset.PhotometricInterpretation).upper().split())
    interpretation = _PALETTE if interpretation == _PALETTE.replace(" ", "") else interpretation
    dataset.PhotometricInterpretation = interpretation
    if not dataset.get("SamplesPerPixel"):
        is_colour = interpretation.startswith(("RGB", "YBR"))
        dataset.SamplesPerPixel = 3 if is_colour else 1
    if int(dataset.SamplesPerPixel) > 1 and dataset.get("PlanarConfiguration") is None:
        dataset.PlanarConfiguration = 0
    dataset.NumberOfFrames = int(dataset.get("NumberOfFrames") or 1)


def settle_transfer_syntax(dataset: Dataset) -> bool:
    """Set the transfer syntax that the pixel data have.

    Args:
        dataset: A file with pixel data.

    Returns:
        Whether the file declares none or another one.

    Raises:
        ValueError, struct.error: The pixel data are damaged.
    """
    declared = dataset.file_meta.get("TransferSyntaxUID")
    native = _native_syntax(dataset)
    syntax = UID(declared or native)
    if syntax.is_private or not syntax.is_transfer_syntax:
        return False
    actual = _actual_syntax(dataset, syntax, native)
    dataset.file_meta.TransferSyntaxUID = actual
    return bool(actual != declared)


def check_pixel_data(dataset: Dataset) -> None:
    """Compare the size and the components of the pixel data with the tags before a decoder starts.

    Decoders do not check this: they shear or crop the image, or crash. Uncompressed pixel data reveal only the number
    of pixels, RLE not even that; the RLE decoder detects missing pixels and drops surplus ones. Uncompressed pixel data
    may be followed by padding (PS3.5 8.1.1), which has the same value in all bytes; more pixels than Rows and Columns
    allow would not.

    Raises:
        ColourImage: A colour codestream in a file that declares grey.
        ValueError, struct.error: The sizes differ, or the pixel data are damaged.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        surplus = len(dataset.PixelData) - _native_length(dataset)
        is_padding = surplus <= 1 or dataset.PixelData.endswith(dataset.PixelData[-1:] * surplus)
        matches = surplus >= 0 and is_padding
    elif syntax != RLELossless:
        header = read_codestream(_first_frame(dataset))
        matches = (header.rows, header.columns) == (int(dataset.Rows), int(dataset.Columns))
        if matches and header.components > int(dataset.SamplesPerPixel):
            raise ColourImage(MessageCode.COMPONENTS, components=header.components)
    else:
        matches = True
    if not matches:
        raise ValueError("pixel data does not match Rows and Columns")


def _actual_syntax(dataset: Dataset, syntax: UID, native: UID) -> UID:
    """Return the syntax of the pixel data: the declared one unless they contradict it."""
    data = dataset.PixelData
    has_items = data.startswith(_ITEM)
    if not syntax.is_encapsulated:
        is_native = not has_items or len(data) in range(_native_length(dataset), _native_length(dataset) + 2)
        return syntax if is_native else _encapsulated_syntax(dataset, RLELossless)
    if not has_items and has_codestream(data):
        dataset.PixelData = data = encapsulate([data])
    elif not has_items and len(data) >= _native_length(dataset):
        return native
    return _encapsulated_syntax(dataset, syntax)


def _encapsulated_syntax(dataset: Dataset, syntax: UID) -> UID:
    """Return the syntax of encapsulated pixel data: `syntax` unless their first frame is a codestream of another."""
    frame = _first_frame(dataset)
    fitting = read_codestream(frame).syntaxes if has_codestream(frame) else ()
    return syntax if syntax in fitting or not fitting else fitting[0]


def _native_syntax(dataset: Dataset) -> UID:
    """Return the uncompressed syntax with the byte order and the value representations of the dataset."""
    implicit, little_endian = dataset.original_encoding
    if little_endian is False:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _first_frame(dataset: Dataset) -> bytes:
    return next(generate_frames(dataset.PixelData, number_of_frames=1))


def _native_length(dataset: Dataset) -> int:
    """Return the number of bytes of uncompressed pixel data, without padding to an even number."""
    pixels = int(dataset.Rows) * int(dataset.Columns)
    # Two pixels share their chrominance (PS3.3 C.7.6.3.1.2).
    samples = 2 if dataset.PhotometricInterpretation == "YBR_FULL_422" else int(dataset.SamplesPerPixel)
    return pixels * samples * int(dataset.BitsAllocated) // 8
