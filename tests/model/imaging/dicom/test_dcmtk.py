"""Comparison with the independent renderers of dcmtk (dcm2pnm, dcmj2pnm and dcml2pnm) on drawn and real files."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSTransferSyntaxes,
    RLELossless,
)

from model.errors import WrongBodyPart
from model.imaging.decode import decode
from model.imaging.dicom.grayscale import apply_presentation
from model.imaging.dicom.read import read_dicom
from tests.support.dicom_files import dicom_file, display_tags, gradient_image, to_stored_values
from tests.support.dicom_samples import samples_folder

pytestmark = pytest.mark.dcmtk
TOLERANCE = 1.04  # grey levels: dcmtk truncates, and shifts an exact window by half a stored value


def render_with_dcmtk(path: Path, dataset: Dataset, folder: Path) -> np.ndarray:
    """Render a file with its first VOI LUT or window, if it has one: float (height, width), 0-255."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    tool = "dcml2pnm" if syntax in JPEGLSTransferSyntaxes else "dcm2pnm" if syntax == RLELossless else "dcmj2pnm"
    options = ["+Wl", "1"] if "VOILUTSequence" in dataset else ["+Wi", "1"] if "WindowCenter" in dataset else []
    options = options or (["+Wm"] if dataset.BitsStored > 8 else [])  # from the smallest value to the largest
    output = folder / "rendered.pgm"
    subprocess.run([tool, *options, str(path), str(output)], check=True, capture_output=True)
    return np.asarray(Image.open(output), float)


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("display", display_tags(12, signed=False))
def test_drawn_files_are_rendered_as_in_dcmtk(display, bits, signed, interpretation, tmp_path):
    stored = to_stored_values(0.2 * 255 + 0.5 * gradient_image(), bits, signed)  # reaches neither end of the range
    tags = display_tags(bits, signed)[display] | {"BitsStored": bits, "PhotometricInterpretation": interpretation}
    (tmp_path / "file").write_bytes(file := dicom_file(stored, **tags))
    theirs = render_with_dcmtk(tmp_path / "file", dcmread(tmp_path / "file"), tmp_path)
    np.testing.assert_allclose(read_dicom(file, 0).pixels, theirs, atol=TOLERANCE)


@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEGBaseline8Bit], ids=lambda s: s.name
)
def test_compressed_files_are_rendered_as_in_dcmtk(syntax, tmp_path):
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    window = {"WindowCenter": 2 ** (bits - 1), "WindowWidth": 2 ** (bits - 1)}
    file = dicom_file(to_stored_values(gradient_image(), bits, signed=False), syntax, BitsStored=bits, **window)
    (tmp_path / "file").write_bytes(file)
    theirs = render_with_dcmtk(tmp_path / "file", dcmread(tmp_path / "file"), tmp_path)
    # Two JPEG decoders may differ by one level, which the window doubles.
    np.testing.assert_allclose(read_dicom(file, 0).pixels, theirs, atol=TOLERANCE + 2 * (bits == 8))


def real_files(folder: str) -> list[Path]:
    """Return all files of a folder, at least as many as when this test was written."""
    files = sorted((samples_folder("dicom") / folder).glob("*"))
    assert len(files) >= {"chest": 6, "not_chest": 3}[folder]
    return files


def decompress(path: Path, folder: Path) -> Path:
    """Decode JPEG 2000, which dcmtk does not read, with Pillow, and write an uncompressed file."""
    dataset = dcmread(path)
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    stored = np.asarray(Image.open(io.BytesIO(frame))) >> 16 - dataset.BitsStored  # Pillow stretches to 16 bits
    dataset.PixelData = stored.astype("<u2").tobytes()
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OW", False
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(folder / "uncompressed", enforce_file_format=True)
    return folder / "uncompressed"


@pytest.mark.dicom_samples
@pytest.mark.filterwarnings("ignore:Invalid value")  # by pydicom, about tags that are not used
def test_real_files_are_rendered_as_in_dcmtk(tmp_path):
    chest, other_body_parts = real_files("chest"), real_files("not_chest")
    for path in [*chest, *other_body_parts]:
        dataset = dcmread(path, force=True)
        if "TransferSyntaxUID" not in dataset.file_meta:
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        is_jpeg_2000 = dataset.file_meta.TransferSyntaxUID in JPEG2000TransferSyntaxes
        input_path = decompress(path, tmp_path) if is_jpeg_2000 else path
        theirs = render_with_dcmtk(input_path, dcmread(input_path, force=True), tmp_path)
        ours = apply_presentation(dataset, 0).pixels
        np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)
        if path in chest:
            np.testing.assert_array_equal(decode(path.read_bytes()).pixels, ours)


@pytest.mark.dicom_samples
def test_real_files_of_legs_and_hips_are_refused():
    for path in real_files("not_chest"):
        with pytest.raises(WrongBodyPart) as raised:
            decode(path.read_bytes())
        (message,) = raised.value.messages
        assert message.params["body_part"] in ("HIP", "EXTREMITY")
