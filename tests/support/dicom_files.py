"""Build DICOM files from drawn pixels, compressed by gdcm, by pydicom (RLE) or by Pillow (JPEG 2000)."""

import io
import tempfile
from pathlib import Path

import gdcm
import numpy as np
from PIL import Image
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEG2000TransferSyntaxes,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from model.codes import Caution
from model.imaging.dicom.read import read_dicom
from model.imaging.radiograph import DicomMetadata
from tests.support.synthetic import phantom

PATIENT_NAME = "Doe^Ann"
PATIENT_ID = "PID-471108"
BIRTH_DATE, STUDY_DATE = "20190511", "20230304"
UINT16_PIXELS = np.tile(np.arange(40, dtype=np.uint16), (40, 1))  # two bytes per pixel

LOSSLESS_SYNTAXES = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "big endian": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "RLE": RLELossless,
    "JPEG lossless": JPEGLossless,
    "JPEG lossless, first order": JPEGLosslessSV1,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000 lossless": JPEG2000Lossless,
}


def dicom_file(stored: np.ndarray | None = None, syntax: str = ExplicitVRLittleEndian, **tags: object) -> bytes:
    """Build the DICOM file of a chest radiograph.

    Args:
        stored: Integers (height, width). Their type determines BitsAllocated and BitsStored.
        syntax: Transfer syntax.
        **tags: Additional tags, or other values for the default tags; None leaves a tag out.
    """
    if stored is None:
        stored = phantom().round().astype(np.uint8)
    dataset = Dataset()
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    dataset.PatientName, dataset.PatientID, dataset.StudyDate = PATIENT_NAME, PATIENT_ID, STUDY_DATE
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "DX", "CHEST", "AP"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape[:2]
    dataset.BitsAllocated = dataset.BitsStored = 8 * stored.dtype.itemsize
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    for name, value in tags.items():
        setattr(dataset, name, value)
        if syntax == ExplicitVRBigEndian and isinstance(value, Sequence) and isinstance(value[0].get("LUTData"), bytes):
            value[0].LUTData = np.frombuffer(value[0].LUTData, "<u2").byteswap().tobytes()
        if value is None:
            del dataset[name]
    dataset.HighBit = tags.get("HighBit", dataset.get("BitsStored", 1) - 1)
    if "PixelData" not in tags:
        _add_pixel_data(dataset, stored, UID(syntax))
    return dataset_bytes(dataset, syntax)


def read_metadata(file: bytes | None = None, **tags: object) -> DicomMetadata:
    """Return the metadata of a file, or of `dicom_file(**tags)`."""
    return read_dicom(file or dicom_file(**tags), 0).metadata


def retagged(file: bytes, **tags: object) -> bytes:
    """Replace tags of a file and leave its pixel data as they are; None removes a tag."""
    dataset = dcmread(io.BytesIO(file))
    for name, value in tags.items():
        if value is None:
            del dataset[name]
        elif name == "PixelPaddingValue":
            dataset.add_new(name, "SS" if value < 0 else "US", value)
        else:
            setattr(dataset, name, value)
    return dataset_bytes(dataset, dataset.file_meta.TransferSyntaxUID)


def read_cautions(file: bytes | None = None, **tags: object) -> tuple[Caution, ...]:
    """Return the cautions about a file, or about `dicom_file(**tags)`."""
    return read_dicom(file or dicom_file(**tags), 0).cautions


def rendered(values: list[int], **tags: object) -> list[float]:
    """Return the grey values, rounded to two decimals, that `read_dicom` returns for stored 16-bit values."""
    dtype = "int16" if min(values) < 0 else "uint16"
    stored = np.tile(np.asarray(values, dtype), (32, 32))
    pixels = read_dicom(dicom_file(stored, **tags), tags.pop("window", 0)).pixels
    assert (pixels == pixels[0]).all()
    return [round(float(grey), 2) for grey in pixels[0, : len(values)]]


def dataset_bytes(dataset: Dataset, syntax: str) -> bytes:
    """Return a dataset as the bytes of a file, with preamble and file meta information."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def without_file_meta(file: bytes) -> bytes:
    """Remove the preamble and the file meta information."""
    length = int.from_bytes(file[140:144], "little")  # of the group, stored in its first element
    return file[144 + length :]


def lut_sequence(
    values: np.ndarray, first: int = 0, bits: int = 16, explanation: str = "", as_bytes: bool = False
) -> Sequence:
    """Build the sequence of a modality or VOI LUT."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(values) % 2**16, first, bits])
    if explanation:
        item.LUTExplanation = explanation
    data = np.asarray(values, "<u2")
    if as_bytes or len(values) >= 2**15:  # too long for a US element, whose length has 16 bits
        item.add_new("LUTData", "OW", data.tobytes())
    else:
        item.add_new("LUTData", "US", data.tolist())
    return Sequence([item])


def gradient_image(height: int = 40, width: int = 56) -> np.ndarray:
    """Draw a gradient without symmetry from black to white: float (height, width), from exactly 0 to exactly 255."""
    slope = np.linspace(0, 1, width) ** 1.3 + 0.4 * np.linspace(0, 1, height)[:, np.newaxis]
    return slope / slope.max() * 255


def to_stored_values(grey: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """Scale grey values, 0-255, to integers that cover the full range of the given number of bits."""
    dtype = ("int" if signed else "uint") + ("8" if bits == 8 else "16")
    return (np.rint(grey / 255 * (2**bits - 1)) - (2 ** (bits - 1) if signed else 0)).astype(dtype)


def display_tags(bits: int, signed: bool) -> dict[str, dict]:
    """Return sets of tags, each of which displays the full range of the given number of bits from black to white."""
    lowest, value_range = (-(2 ** (bits - 1)) if signed else 0), 2**bits - 1
    identity = np.arange(2**bits)
    middle = lowest + 2 ** (bits - 1)
    return {
        "no window": {},
        "window": {"WindowCenter": middle, "WindowWidth": value_range + 1},
        "exact window": {
            "WindowCenter": lowest + value_range / 2,
            "WindowWidth": value_range,
            "VOILUTFunction": "LINEAR_EXACT",
        },
        "VOI table": {"VOILUTSequence": lut_sequence(identity, first=lowest, bits=bits)},
        "VOI table, bytes": {"VOILUTSequence": lut_sequence(identity, first=lowest, bits=bits, as_bytes=True)},
        "rescale": {
            "RescaleSlope": 2,
            "RescaleIntercept": -1000,
            "WindowCenter": 2 * middle - 1000.5,
            "WindowWidth": 2 * value_range + 1,
        },
        "modality table": {"ModalityLUTSequence": lut_sequence(identity, first=lowest, bits=bits)}
        | {"WindowCenter": 2 ** (bits - 1), "WindowWidth": value_range + 1},
    }


def _add_pixel_data(dataset: Dataset, stored: np.ndarray, syntax: UID) -> None:
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    dataset.PixelData = stored.astype(stored.dtype.newbyteorder(order)).tobytes()
    dataset["PixelData"].VR = "OW" if stored.dtype.itemsize > 1 or syntax == ImplicitVRLittleEndian else "OB"
    if syntax == RLELossless:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    elif syntax.is_encapsulated:
        jpeg_2000 = syntax in JPEG2000TransferSyntaxes
        dataset.PixelData = _jpeg_2000(dataset, stored, syntax) if jpeg_2000 else _jpeg(dataset, syntax)
        dataset["PixelData"].VR = "OB"


def _jpeg_2000(dataset: Dataset, stored: np.ndarray, syntax: UID) -> bytes:
    """Encode the pixels as encapsulated JPEG 2000. Pillow needs unsigned arrays, and a flag for signed values."""
    file = io.BytesIO()
    image = Image.fromarray(stored.view(f"u{stored.dtype.itemsize}"))
    signed = bool(dataset.PixelRepresentation)
    image.save(file, "JPEG2000", no_jp2=True, irreversible=syntax != JPEG2000Lossless, signed=signed)
    return encapsulate([file.getvalue()])


def _jpeg(dataset: Dataset, syntax: UID) -> bytes:
    """Encode the pixels as encapsulated JPEG, JPEG lossless or JPEG-LS."""
    with tempfile.TemporaryDirectory() as folder:
        plain, compressed = Path(folder, "plain"), Path(folder, "compressed")
        plain.write_bytes(dataset_bytes(dataset, ExplicitVRLittleEndian))
        reader, writer, encoder = gdcm.ImageReader(), gdcm.ImageWriter(), gdcm.ImageChangeTransferSyntax()
        reader.SetFileName(str(plain))
        assert reader.Read()
        encoder.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
        encoder.SetInput(reader.GetImage())
        assert encoder.Change()
        writer.SetFileName(str(compressed))
        writer.SetFile(reader.GetFile())
        writer.SetImage(encoder.GetOutput())
        assert writer.Write()
        return dcmread(compressed).PixelData
