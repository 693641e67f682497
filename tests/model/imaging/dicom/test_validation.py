"""By what of it a DICOM file is refused."""

import io

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import (
    BasicTextSRStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
)

from model.errors import (
    ColourImage,
    FileRefused,
    FormatUnsupported,
    ImageTooLarge,
    ImageTooSmall,
    LateralView,
    MultiFrameImage,
    WrongBodyPart,
    WrongModality,
)
from model.imaging.dicom.display_terms import HIDDEN_VALUE_TEXT
from model.imaging.dicom.read import read_dicom
from tests.support.dicom_files import DEEP, radiograph, told


def why_refused(kind: type[FileRefused], file: bytes | None = None, **tags: object) -> str:
    with pytest.raises(FileRefused) as refused:
        read_dicom(file or radiograph(**tags), 0)
    assert type(refused.value) is kind
    assert len(str(refused.value).split(". ")) >= 3  # what happened, what is accepted, what to do
    return str(refused.value)


@pytest.mark.parametrize(
    ("modality", "words"),
    [
        ("CT", "a CT image"),
        ("MR", "a magnetic resonance (MR) image"),
        ("US", "an ultrasound image"),
        ("MG", "a mammogram"),
        ("SR", "a report and no picture"),
        ("ZZ", "another kind of image than a radiograph"),
        ("DOE ANN", "another kind of image than a radiograph"),
    ],
)
def test_another_modality_is_refused_by_name(modality, words):
    assert why_refused(WrongModality, Modality=modality) == (
        f"This is {words}, as the file says, which is not read. Chest radiographs (modality CR, DX or RG) are "
        "accepted. Please choose the frontal chest radiograph."
    )


@pytest.mark.parametrize("modality", ["CR", "DX", "RG", None, ""])
def test_radiographs_and_files_of_untold_modality_are_read(modality):
    assert told(Modality=modality).modality == (modality or "")


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "LAT", "LEFT LATERAL", "RIGHT_LATERAL", "PA LATERAL", "L LAT"])
def test_a_lateral_film_is_refused(view):
    assert why_refused(LateralView, ViewPosition=view) == (
        "This is a lateral film, as the file says, which is not read. Frontal chest radiographs (AP or PA) are "
        "accepted. Please choose the frontal film. Where the file is mistaken, export it as a PNG or JPEG picture and "
        "choose that file."
    )


@pytest.mark.parametrize(
    "view", ["RLO", "LLO", "LAO", "RAO", "LPO", "RPO", "OBL", "OBLIQUE", "AP OBLIQUE", "PA_OBLIQUE"]
)
def test_an_oblique_film_is_refused(view):
    assert why_refused(LateralView, ViewPosition=view) == (
        "This is an oblique film, as the file says, which is not read. Frontal chest radiographs (AP or PA) are "
        "accepted. Please choose the frontal film. Where the file is mistaken, export it as a PNG or JPEG picture and "
        "choose that file."
    )


@pytest.mark.parametrize(
    "rows_and_columns", [["A", "F"], ["P", "F"], ["PL", "FA"], ["AFR", "FP"], ["a", "f"], ["F", "A"]]
)
def test_a_film_whose_rows_or_columns_run_from_front_to_back_is_a_lateral_one(rows_and_columns):
    assert why_refused(LateralView, ViewPosition=None, PatientOrientation=rows_and_columns).startswith(
        "This is a lateral film, as the file says"
    )


@pytest.mark.parametrize(
    "orientation",
    [
        *(["L", "F"], ["R", "F"], ["LA", "FP"], ["R", "P"], ["F", "L"]),
        *(["H", ""], ["", "A"], ["AP", "F"], ["PA", "F"], ["A", "F", "F"], ["ANN", "F"], "A", "P", "PA", "", None),
    ],
)
def test_other_orientations_missing_ones_and_odd_ones_are_no_reason_to_refuse(orientation):
    assert told(PatientOrientation=orientation).view_position == "AP"


def view_code(meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "399067008", "SCT", meaning
    return Sequence([item])


def test_a_lateral_film_is_known_by_its_view_code_too():
    why_refused(LateralView, ViewPosition=None, ViewCodeSequence=view_code("Lateral projection"))


def test_an_oblique_film_is_known_by_its_view_code_too():
    sentence = why_refused(LateralView, ViewPosition=None, ViewCodeSequence=view_code("left anterior oblique"))
    assert sentence.startswith("This is an oblique film")


@pytest.mark.parametrize("view", ["AP", "PA", "LLD", "RLD", None])
@pytest.mark.parametrize("meaning", ["antero-posterior", "left lateral decubitus"])
def test_films_from_the_front_are_read(view, meaning):
    assert told(ViewPosition=view, ViewCodeSequence=view_code(meaning)).view_position == (view or "")


@pytest.mark.parametrize("part", ["HIP", "EXTREMITY", "KNEE", "ABDOMEN", "skull"])
def test_a_film_of_another_part_is_refused(part):
    assert f"another part of the body ({part.upper()}), as the file says" in why_refused(
        WrongBodyPart, BodyPartExamined=part
    )


@pytest.mark.parametrize("part", ["CHEST", "THORAX", "CHESTABDOMEN", "LUNG", "", None])
def test_a_film_of_the_chest_or_of_an_untold_part_is_read(part):
    assert told(BodyPartExamined=part).body_part == (part or "")


@pytest.mark.parametrize("part", ["POITRINE", "HIPPO"])
def test_a_film_of_a_part_by_another_word_is_read(part):
    assert told(BodyPartExamined=part).body_part == HIDDEN_VALUE_TEXT


def test_several_pictures_are_refused_by_number():
    stack = np.zeros((12, 40, 40), np.uint8)
    file = radiograph(stack, NumberOfFrames=12, Rows=40, Columns=40)
    assert why_refused(MultiFrameImage, file).startswith("This DICOM file holds 12 pictures (a loop or a stack")


@pytest.mark.parametrize(
    ("tags", "shape"),
    [
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}, (40, 40, 3)),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_FULL", "PlanarConfiguration": 0}, (40, 40, 3)),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, (40, 40)),
    ],
)
def test_colour_is_refused(tags, shape):
    file = radiograph(np.zeros(shape, np.uint8), **tags)
    assert why_refused(ColourImage, file).startswith("This DICOM file holds a picture in colour")


def test_files_without_a_picture_are_refused():
    for sop in (BasicTextSRStorage, MediaStorageDirectoryStorage):
        file = radiograph(SOPClassUID=sop, Modality=None, PixelData=None)
        expected = "DICOMDIR" if sop == MediaStorageDirectoryStorage else "holds no picture, or only the beginning of"
        assert expected in why_refused(FormatUnsupported, file)


@pytest.mark.parametrize(
    ("syntax", "bits", "name"),
    [
        (JPEGExtended12Bit, 12, "JPEG Extended (Process 2 and 4)"),
        (HTJ2KLossless, 12, "High-Throughput JPEG 2000 Image Compression (Lossless Only)"),
    ],
)
def test_pixels_stored_in_a_way_not_read_are_refused_by_its_name(syntax, bits, name):
    empty = b"\xfe\xff\0\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"  # no frame: none is looked at
    file = radiograph(DEEP, syntax, BitsStored=bits, PixelData=empty)
    assert f"stored in a way that is not read ({name})" in why_refused(FormatUnsupported, file)


def test_an_unknown_transfer_syntax_is_refused_without_its_identifier():
    file = radiograph(DEEP, BitsStored=12).replace(ExplicitVRLittleEndian.encode(), b"1.2.999.99999.9.9.9")
    assert "stored in a way that is not read (in an unknown way)" in why_refused(FormatUnsupported, file)


def test_pixels_of_more_than_16_bits_are_refused():
    file = radiograph(np.zeros((40, 40), np.uint32))
    assert "has 32 bits for each pixel" in why_refused(FormatUnsupported, file)


@pytest.mark.parametrize(
    ("rows", "columns", "kind"),
    [(60_000, 60_000, ImageTooLarge), (31, 400, ImageTooSmall), (400, 31, ImageTooSmall)],
)
def test_the_sides_are_checked_before_a_decoder_starts(rows, columns, kind, monkeypatch):
    monkeypatch.setattr(
        "model.imaging.dicom.grayscale.pixel_array", lambda *_, **__: pytest.fail("a decoder was started")
    )
    assert f"This picture has {columns} x {rows} pixels" in why_refused(kind, Rows=rows, Columns=columns)


FRAMED = (JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, JPEGBaseline8Bit)
SIDES = [(39, 40), (40, 39), (41, 40), (40, 41)]


@pytest.mark.parametrize(
    ("syntax", "rows", "columns"),
    [(syntax, *sides) for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian, *FRAMED) for sides in SIDES]
    + [(syntax, 50, 32) for syntax in FRAMED],  # as many pixels
)
def test_sides_that_the_pixels_do_not_have_are_an_error_and_no_sheared_picture(syntax, rows, columns, monkeypatch):
    monkeypatch.setattr(
        "model.imaging.dicom.grayscale.pixel_array", lambda *_, **__: pytest.fail("a decoder was started")
    )
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    stored = DEEP.astype(np.uint8) if bits == 8 else DEEP
    pixels = dcmread(io.BytesIO(radiograph(stored, syntax, BitsStored=bits))).PixelData
    with pytest.raises(ValueError, match=r"^other sides than told$"):
        read_dicom(radiograph(stored, syntax, BitsStored=bits, Rows=rows, Columns=columns, PixelData=pixels), 0)
