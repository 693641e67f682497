"""Grey images that are stored as colour are read; images in colour are refused."""

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1, RLELossless

from model.errors import ColourImage
from model.imaging.dicom.read import read_dicom
from model.messages import MessageCode
from tests.support.dicom_files import dicom_file, gradient_image, retagged
from tests.support.messages import raises_message

# The decoder process, in which this code runs, ignores the warnings of pydicom.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
GREY = gradient_image().round().astype(np.uint8)
LINEAR = np.arange(256)


def colour_tags(interpretation: str, planar: int = 0) -> dict[str, object]:
    return {"SamplesPerPixel": 3, "PhotometricInterpretation": interpretation, "PlanarConfiguration": planar}


def palette_tags(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> dict[str, object]:
    tags: dict[str, object] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, values in {"Red": red, "Green": green, "Blue": blue}.items():
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"{name}PaletteColorLookupTableData"] = values.astype("<u2").tobytes()
    return tags


def channels(interpretation: str, grey: np.ndarray) -> np.ndarray:
    neutral = np.full_like(grey, 128)
    return np.stack([grey] * 3 if interpretation == "RGB" else [grey, neutral, neutral], -1)


@pytest.mark.parametrize(
    ("syntax", "interpretation"),
    [
        (syntax, name)
        for syntax in (ExplicitVRLittleEndian, RLELossless, JPEGLosslessSV1)
        for name in ("RGB", "YBR_FULL")
    ]
    + [(JPEGBaseline8Bit, "RGB")],
)
def test_grey_stored_as_colour_is_read(syntax, interpretation):
    encoded = dicom_file(channels(interpretation, GREY), syntax, **colour_tags("RGB"))
    file = retagged(encoded, PhotometricInterpretation=interpretation)
    np.testing.assert_allclose(read_dicom(file, 0).pixels, GREY, atol=3 if syntax == JPEGBaseline8Bit else 1)


def test_grey_stored_as_colour_by_plane_is_read():
    planes = np.moveaxis(channels("RGB", GREY), -1, 0)
    tags = colour_tags("RGB", planar=1) | {"PixelData": planes.tobytes(), "Rows": 40, "Columns": 56}
    np.testing.assert_array_equal(read_dicom(dicom_file(channels("RGB", GREY), **tags), 0).pixels, GREY)


def test_grey_stored_as_jpeg_2000_colour_is_read():
    file = dicom_file(channels("RGB", GREY), JPEG2000Lossless, **colour_tags("YBR_RCT"))
    np.testing.assert_allclose(read_dicom(file, 0).pixels, GREY, atol=1)


@pytest.mark.parametrize("scale", [1, 257])
def test_a_grey_palette_is_read(scale):
    file = dicom_file(GREY, **palette_tags(*[(255 - LINEAR) * scale] * 3))
    np.testing.assert_allclose(read_dicom(file, 0).pixels, 255.0 - GREY, atol=0.01)


@pytest.mark.parametrize(
    ("samples", "tags"),
    [
        (np.stack([GREY, GREY, GREY // 2], -1), colour_tags("RGB")),
        (np.stack([GREY, GREY, GREY], -1), colour_tags("YBR_FULL")),
        (GREY, palette_tags(LINEAR, LINEAR, LINEAR // 2)),
    ],
)
def test_colour_images_are_refused(samples, tags):
    with raises_message(ColourImage, MessageCode.COLOUR):
        read_dicom(dicom_file(samples, **tags), 0)
