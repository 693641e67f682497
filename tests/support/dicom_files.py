"""DICOM files made by the tests, from pixels drawn here; compressed by gdcm, RLE by pydicom, JPEG 2000 by Pillow."""

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

from model.imaging.dicom.read import read_dicom
from model.imaging.radiograph import DicomMetadata
from tests.support.synthetic import phantom

PATIENT = "Doe^Ann"
IDENTIFIER = "PID-471108"
BORN, FILMED = "20190511", "20230304"
DEEP = np.tile(np.arange(40, dtype=np.uint16), (40, 1))  # pixels that take more than 8 bits

LOSSLESS = {
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


def radiograph(stored: np.ndarray | None = None, syntax: str = ExplicitVRLittleEndian, **tags: object) -> bytes:
    """A chest film as a DICOM file.

    stored: integers (height, width) as the tags say: BitsAllocated by their type, BitsStored all of them.
    tags: what else the file says, or says instead; None leaves a tag out.
    """
    if stored is None:
        stored = phantom().round().astype(np.uint8)
    dataset = Dataset()
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    dataset.PatientName, dataset.PatientID, dataset.StudyDate = PATIENT, IDENTIFIER, FILMED
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
        _fill(dataset, stored, UID(syntax))
    return written(dataset, syntax)


def told(file: bytes | None = None, **tags: object) -> DicomMetadata:
    """What is told of a file, or of a film with these tags."""
    return read_dicom(file or radiograph(**tags), 0).metadata


def written(dataset: Dataset, syntax: str) -> bytes:
    """A dataset as the bytes of a file, with preamble and file meta information."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def without_meta(file: bytes) -> bytes:
    """The file without preamble and file meta information."""
    length = int.from_bytes(file[140:144], "little")  # of the group, told by its first element
    return file[144 + length :]


def table(values: np.ndarray, first: int = 0, bits: int = 16, words: str = "", as_bytes: bool = False) -> Sequence:
    """A lookup table as the sequence of a modality or VOI LUT."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(values) % 2**16, first, bits])
    if words:
        item.LUTExplanation = words
    data = np.asarray(values, "<u2")
    if as_bytes or len(values) >= 2**15:  # more than fit behind the short length of US
        item.add_new("LUTData", "OW", data.tobytes())
    else:
        item.add_new("LUTData", "US", data.tolist())
    return Sequence([item])


def picture(height: int = 40, width: int = 56) -> np.ndarray:
    """A slope from black to white without symmetry: float (height, width), 0-255, both ends reached."""
    slope = np.linspace(0, 1, width) ** 1.3 + 0.4 * np.linspace(0, 1, height)[:, np.newaxis]
    return slope / slope.max() * 255


def stored_as(shown: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """A picture's grey, 0-255, as integers over the whole range of so many bits."""
    kind = ("int" if signed else "uint") + ("8" if bits == 8 else "16")
    return (np.rint(shown / 255 * (2**bits - 1)) - (2 ** (bits - 1) if signed else 0)).astype(kind)


def ways_to_show(bits: int, signed: bool) -> dict[str, dict]:
    """Tags that each show the whole range of so many bits from black to white."""
    lowest, most = (-(2 ** (bits - 1)) if signed else 0), 2**bits - 1
    straight = np.arange(2**bits)
    middle = lowest + 2 ** (bits - 1)
    return {
        "no window": {},
        "window": {"WindowCenter": middle, "WindowWidth": most + 1},
        "exact window": {"WindowCenter": lowest + most / 2, "WindowWidth": most, "VOILUTFunction": "LINEAR_EXACT"},
        "VOI table": {"VOILUTSequence": table(straight, first=lowest, bits=bits)},
        "VOI table, bytes": {"VOILUTSequence": table(straight, first=lowest, bits=bits, as_bytes=True)},
        "rescale": {
            "RescaleSlope": 2,
            "RescaleIntercept": -1000,
            "WindowCenter": 2 * middle - 1000.5,
            "WindowWidth": 2 * most + 1,
        },
        "modality table": {"ModalityLUTSequence": table(straight, first=lowest, bits=bits)}
        | {"WindowCenter": 2 ** (bits - 1), "WindowWidth": most + 1},
    }


def _fill(dataset: Dataset, stored: np.ndarray, syntax: UID) -> None:
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
    """The pixels as JPEG 2000, encapsulated; Pillow knows unsigned pixels alone, and says so if they are signed."""
    file = io.BytesIO()
    image = Image.fromarray(stored.view(f"u{stored.dtype.itemsize}"))
    signed = bool(dataset.PixelRepresentation)
    image.save(file, "JPEG2000", no_jp2=True, irreversible=syntax != JPEG2000Lossless, signed=signed)
    return encapsulate([file.getvalue()])


def _jpeg(dataset: Dataset, syntax: UID) -> bytes:
    """The pixels as JPEG, JPEG lossless or JPEG-LS, encapsulated."""
    with tempfile.TemporaryDirectory() as folder:
        plain, compressed = Path(folder, "plain"), Path(folder, "compressed")
        plain.write_bytes(written(dataset, ExplicitVRLittleEndian))
        classifier, writer, change = gdcm.ImageReader(), gdcm.ImageWriter(), gdcm.ImageChangeTransferSyntax()
        classifier.SetFileName(str(plain))
        assert classifier.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
        change.SetInput(classifier.GetImage())
        assert change.Change()
        writer.SetFileName(str(compressed))
        writer.SetFile(classifier.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return dcmread(compressed).PixelData
