"""Metadata of a DICOM file."""

import io
import json
from dataclasses import asdict

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from model.imaging.dicom.read import read_dicom
from tests.support.dicom_files import (
    BIRTH_DATE,
    PATIENT_ID,
    PATIENT_NAME,
    STUDY_DATE,
    UINT16_PIXELS,
    dataset_bytes,
    dicom_file,
    read_cautions,
    read_metadata,
    without_file_meta,
)


@pytest.mark.parametrize(
    ("pixel_spacing", "imager_pixel_spacing", "size_millimetres", "size_at_detector"),
    [
        (["0.2", "0.1"], None, (60, 40), False),
        (None, ["0.2", "0.1"], (60, 40), True),
        (["0.2", "0.1"], ["0.2", "0.1"], (60, 40), True),
        (["0.2", "0.1"], ["0.3", "0.2"], (60, 40), False),  # calibrated
        (["0.000", "0.000"], None, None, False),
        (["0.000", "0.000"], ["0.2", "0.1"], (60, 40), True),
        (["0.2"], None, None, False),
        (None, None, None, False),
    ],
)
def test_the_size_of_the_image_comes_from_the_pixel_spacing(
    pixel_spacing, imager_pixel_spacing, size_millimetres, size_at_detector
):
    metadata = read_metadata(
        PixelSpacing=pixel_spacing, ImagerPixelSpacing=imager_pixel_spacing
    )  # 300 rows, 400 columns
    assert metadata.size_millimetres == (size_millimetres and pytest.approx(size_millimetres))
    assert metadata.size_at_detector == size_at_detector


def test_burned_in_annotation_is_a_caution():
    assert read_cautions(BurnedInAnnotation="YES") == ("burned_in_annotation",)
    assert read_cautions(BurnedInAnnotation="NO") == read_cautions() == ()


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_the_encoding_is_assumed_with_a_caution_if_file_meta_information_is_missing(syntax):
    file = dicom_file(UINT16_PIXELS, syntax, BitsStored=12)
    complete, bare = read_dicom(file, 0), read_dicom(without_file_meta(file), 0)
    np.testing.assert_array_equal(complete.pixels, bare.pixels)
    assert (complete.cautions, bare.cautions) == ((), ("encoding_assumed",))
    assert dict(bare.metadata.details)["Transfer syntax"] == f"{syntax.name} (assumed)"


def test_a_window_other_than_the_first_is_a_caution():
    file = dicom_file(UINT16_PIXELS, WindowCenter=["10", "20"], WindowWidth=["10", "20"])
    assert "non_default_window" not in read_dicom(file, 0).cautions
    assert "non_default_window" in read_dicom(file, 1).cautions


def test_technical_tags_are_listed():
    details = dict(read_metadata(dicom_file(UINT16_PIXELS, BitsStored=12, KVP="70", Exposure="2")).details)
    assert details == {
        "Height x width": "40 x 40 pixels",
        "Pixel height x width": "not specified",
        "Stored as": "MONOCHROME2, 12 of 16 bits, unsigned",
        "Transfer syntax": "Explicit VR Little Endian",
        "Tube voltage": "70 kV",
        "Exposure": "2 mAs",
    }


def test_metadata_does_not_contain_a_patient_name_date_or_identifier():
    tags = {"PatientBirthDate": BIRTH_DATE, "AccessionNumber": "ACC-9911", "InstitutionName": "Springfield General"}
    tags |= {"ReferringPhysicianName": "Hibbert^Julius", "SeriesDescription": "Doe Ann chest", "PatientAge": "003Y"}
    text = json.dumps(asdict(read_metadata(**tags)))
    for secret in (
        PATIENT_NAME,
        "Doe",
        PATIENT_ID,
        BIRTH_DATE,
        STUDY_DATE,
        "ACC-9911",
        "Springfield",
        "Hibbert",
        "1.2.826",
    ):
        assert secret not in text


FREE_TEXTS = ("DOE ANN", "DOE", PATIENT_ID, "NORMAL DOE", "AP DOE", "CHEST ANN", "L ANN")


@pytest.mark.parametrize("text", FREE_TEXTS)
@pytest.mark.parametrize(
    "keyword",
    ["BodyPartExamined", "ViewPosition", "PatientOrientation", "LossyImageCompression", "WindowCenterWidthExplanation"],
)
def test_free_text_instead_of_a_term_is_hidden(keyword, text):
    value = [text, "F"] if keyword == "PatientOrientation" else text
    metadata = read_metadata(**{"WindowCenter": "5", "WindowWidth": "10"} | {keyword: value})
    assert not [secret for secret in ("DOE", "ANN", "PID", "471108") if secret in json.dumps(asdict(metadata))]


@pytest.mark.parametrize("text", ["Doe Ann", "70 Doe", "DOE"])
@pytest.mark.parametrize("keyword", ["KVP", "Exposure", "ExposureTime", "DistanceSourceToDetector"])
def test_free_text_instead_of_a_number_is_not_listed(keyword, text):
    dataset = dcmread(io.BytesIO(dicom_file()))
    dataset.add_new(keyword, "LO", text)  # with a value representation other than the standard's
    details = dict(read_metadata(dataset_bytes(dataset, ExplicitVRLittleEndian)).details)
    assert "doe" not in json.dumps(details).lower()


@pytest.mark.parametrize("view", ["AP", "PA", "AP SUPINE", "PA ERECT", "AP_PORTABLE", "LORDOTIC"])
def test_allowed_view_positions_are_shown(view):
    assert read_metadata(ViewPosition=view).view_position == view


def test_allowed_codes_for_orientation_and_lossy_compression_are_listed():
    details = dict(read_metadata(PatientOrientation=["L", "FP"], LossyImageCompression="01").details)
    assert details["Orientation"] == "L\\FP"
    assert details["Lossy compression"] == "yes"
