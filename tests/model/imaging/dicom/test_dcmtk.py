"""A second, independent renderer shows the same: dcmtk's dcm2pnm and its kin, on drawn files and on real ones."""

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
from tests.support.dicom_files import picture, radiograph, stored_as, ways_to_show
from tests.support.dicom_samples import samples_folder

pytestmark = pytest.mark.dcmtk
NEAR = 1.04  # grey levels: dcmtk cuts fractions off, and lays an exact window half a stored value aside


def rendered(path: Path, dataset: Dataset, folder: Path) -> np.ndarray:
    """What dcmtk makes of a file, by its first VOI LUT or window where it has one: float (height, width), 0-255."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    tool = "dcml2pnm" if syntax in JPEGLSTransferSyntaxes else "dcm2pnm" if syntax == RLELossless else "dcmj2pnm"
    by = ["+Wl", "1"] if "VOILUTSequence" in dataset else ["+Wi", "1"] if "WindowCenter" in dataset else []
    by = by or (["+Wm"] if dataset.BitsStored > 8 else [])  # from the least value to the largest
    out = folder / "rendered.pgm"
    subprocess.run([tool, *by, str(path), str(out)], check=True, capture_output=True)
    return np.asarray(Image.open(out), float)


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("way", ways_to_show(12, signed=False))
def test_drawn_files_look_as_in_dcmtk(way, bits, signed, interpretation, tmp_path):
    stored = stored_as(0.2 * 255 + 0.5 * picture(), bits, signed)  # neither end of the range
    tags = ways_to_show(bits, signed)[way] | {"BitsStored": bits, "PhotometricInterpretation": interpretation}
    (tmp_path / "film").write_bytes(file := radiograph(stored, **tags))
    theirs = rendered(tmp_path / "film", dcmread(tmp_path / "film"), tmp_path)
    np.testing.assert_allclose(read_dicom(file, 0).pixels, theirs, atol=NEAR)


@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEGBaseline8Bit], ids=lambda s: s.name
)
def test_compressed_files_look_as_in_dcmtk(syntax, tmp_path):
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    window = {"WindowCenter": 2 ** (bits - 1), "WindowWidth": 2 ** (bits - 1)}
    file = radiograph(stored_as(picture(), bits, signed=False), syntax, BitsStored=bits, **window)
    (tmp_path / "film").write_bytes(file)
    theirs = rendered(tmp_path / "film", dcmread(tmp_path / "film"), tmp_path)
    # The window doubles the one level by which two JPEG decoders may differ.
    np.testing.assert_allclose(read_dicom(file, 0).pixels, theirs, atol=NEAR + 2 * (bits == 8))


def real_files(folder: str) -> list[Path]:
    """All of them, and no fewer than were there when the tests were written."""
    files = sorted((samples_folder("dicom") / folder).glob("*"))
    assert len(files) >= {"chest": 6, "not_chest": 3}[folder]
    return files


def uncompressed(path: Path, folder: Path) -> Path:
    """The file with its JPEG 2000, which dcmtk does not read, decoded by Pillow."""
    dataset = dcmread(path)
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    stored = np.asarray(Image.open(io.BytesIO(frame))) >> 16 - dataset.BitsStored  # Pillow stretches to 16 bits
    dataset.PixelData = stored.astype("<u2").tobytes()
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OW", False
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(folder / "uncompressed", enforce_file_format=True)
    return folder / "uncompressed"


@pytest.mark.beside
@pytest.mark.filterwarnings("ignore:Invalid value")  # pydicom, of tags that nobody needs
def test_real_films_look_as_in_dcmtk(tmp_path):
    chest, others = real_files("chest"), real_files("not_chest")
    for path in [*chest, *others]:
        dataset = dcmread(path, force=True)
        if "TransferSyntaxUID" not in dataset.file_meta:
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        jpeg_2000 = dataset.file_meta.TransferSyntaxUID in JPEG2000TransferSyntaxes
        shown = uncompressed(path, tmp_path) if jpeg_2000 else path
        theirs = rendered(shown, dcmread(shown, force=True), tmp_path)
        ours = apply_presentation(dataset, 0).pixels
        np.testing.assert_allclose(ours, theirs, atol=NEAR)
        if path in chest:
            np.testing.assert_array_equal(decode(path.read_bytes()).pixels, ours)


@pytest.mark.beside
def test_real_films_of_legs_and_hips_are_refused():
    for path in real_files("not_chest"):
        with pytest.raises(WrongBodyPart, match=r"\((HIP|EXTREMITY)\)"):
            decode(path.read_bytes())
