"""Read a DICOM file: tags to `DicomMetadata`, pixels to `Radiograph`. Runs in the worker process only.

Only the tags listed here are parsed, so names and identifiers are not. If the file has no age, it is computed from two
dates, which are then dropped.

Not supported: non-square pixels (shown as stored), 12-bit JPEG and High-Throughput JPEG 2000.
"""

import io
from typing import Any

from pydicom import Dataset, config, dcmread

from model.codes import Caution
from model.imaging.dicom.age import AGE_TAGS
from model.imaging.dicom.encoding import check_pixel_data, complete_pixel_tags, settle_transfer_syntax
from model.imaging.dicom.grayscale import apply_presentation
from model.imaging.dicom.metadata import TECHNICAL_TAGS, read_metadata
from model.imaging.dicom.stored_values import OVERLAY_BIT_POSITION, OVERLAY_GROUPS
from model.imaging.dicom.validation import check_document, check_pixel_layout, code_string, is_assumed_radiograph
from model.imaging.radiograph import Radiograph

_LUT_TAGS = (
    "ModalityLUTSequence",
    "VOILUTSequence",
    *(
        f"{colour}PaletteColorLookupTable{part}"
        for colour in ("Red", "Green", "Blue")
        for part in ("Descriptor", "Data")
    ),
)
_PIXEL_TAGS = (
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("RescaleIntercept", "RescaleSlope", "WindowCenter", "WindowWidth", "WindowCenterWidthExplanation"),
    *("VOILUTFunction", "PresentationLUTShape", "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "PixelData"),
    *((group, OVERLAY_BIT_POSITION) for group in OVERLAY_GROUPS),
)
_METADATA_TAGS = (
    *("SOPClassUID", "Modality", "PresentationIntentType", "PixelIntensityRelationship", "BodyPartExamined"),
    *("ViewPosition", "ViewCodeSequence", "BurnedInAnnotation", "PixelSpacing", "ImagerPixelSpacing"),
    *("PatientOrientation", "LossyImageCompression"),
)


def read_dicom(content: bytes, window: int) -> Radiograph:
    """Read a DICOM file and render it with one of its windows.

    Args:
        content: The whole file.
        window: Index in `DicomMetadata.windows` of the one to apply.

    Raises:
        FileRefused: The tags say that it is not a single grey frontal chest radiograph, or the encoding is unsupported.
        Exception: Any other exception means that the file is damaged or incomplete.
    """
    config.settings.reading_validation_mode = config.IGNORE  # many files violate rules that do not matter here
    tags: list[Any] = [*_LUT_TAGS, *_PIXEL_TAGS, *_METADATA_TAGS, *AGE_TAGS, *TECHNICAL_TAGS]
    dataset = dcmread(io.BytesIO(content), force=True, specific_tags=tags)
    check_document(dataset)
    complete_pixel_tags(dataset)
    syntax_assumed = settle_transfer_syntax(dataset)
    check_pixel_layout(dataset)
    check_pixel_data(dataset)
    rendered = apply_presentation(dataset, window)
    metadata = read_metadata(dataset, syntax_assumed, rendered.windows, window)
    cautions = (*_file_cautions(dataset, syntax_assumed, window), *rendered.cautions)
    return Radiograph(rendered.pixels, "DICOM", rendered.bits, metadata=metadata, cautions=cautions)


def _file_cautions(dataset: Dataset, syntax_assumed: bool, window: int) -> tuple[Caution, ...]:
    applies = {
        Caution.BURNED_IN_ANNOTATION: code_string(dataset, "BurnedInAnnotation") == "YES",
        Caution.ENCODING_ASSUMED: syntax_assumed,
        Caution.MODALITY_ASSUMED: is_assumed_radiograph(dataset),
        Caution.NON_DEFAULT_WINDOW: window > 0,
    }
    return tuple(caution for caution, is_given in applies.items() if is_given)
