"""What a DICOM file tells of itself."""

import io
import json
from dataclasses import asdict

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from model.imaging.dicom.read import read_dicom
from tests.support.dicom_files import BORN, DEEP, FILMED, IDENTIFIER, PATIENT, radiograph, told, without_meta, written


@pytest.mark.parametrize(
    ("age", "years"),
    [("003Y", 3), ("018M", 1), ("011M", 0), ("012M", 1), ("100D", 0), ("366D", 1), ("052W", 0), ("053W", 1), ("34", 34)]
    + [(age, None) for age in ("121Y", "999Y", "Y003", "three", "", None)],
)
def test_the_age_in_full_years(age, years):
    assert told(PatientAge=age).age_years == years


@pytest.mark.parametrize(
    ("born", "filmed", "years"),
    [
        (BORN, FILMED, 3),
        ("20190304", "20230304", 4),
        ("20190305", "20230304", 3),
        ("20230305", "20230304", None),
        ("1900", FILMED, None),
        (None, FILMED, None),
    ],
)
def test_where_the_age_is_untold_two_dates_tell_it(born, filmed, years):
    assert told(PatientBirthDate=born, StudyDate=filmed).age_years == years
    assert told(PatientBirthDate=born, StudyDate=filmed, PatientAge="007Y").age_years == 7


@pytest.mark.parametrize(
    ("at_patient", "at_detector", "size_millimetres", "is_at_detector"),
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
def test_how_large_the_film_is(at_patient, at_detector, millimetres, is_at_detector):
    file = told(PixelSpacing=at_patient, ImagerPixelSpacing=at_detector)  # 300 rows, 400 columns
    assert file.size_millimetres == (millimetres and pytest.approx(millimetres))
    assert file.size_at_detector == is_at_detector


def test_text_burned_into_the_picture_is_a_caution():
    assert told(BurnedInAnnotation="YES").cautions == ("burned_in_annotation",)
    assert told(BurnedInAnnotation="NO").cautions == told().cautions == ()


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_a_file_without_file_meta_information_is_read_alike_and_says_what_was_assumed(syntax):
    file = radiograph(DEEP, syntax, BitsStored=12)
    whole, bare = read_dicom(file, 0), read_dicom(without_meta(file), 0)
    np.testing.assert_array_equal(whole.pixels, bare.pixels)
    assert (whole.metadata.cautions, bare.metadata.cautions) == ((), ("encoding_assumed",))
    assert dict(bare.metadata.details)["Transfer syntax"] == f"{syntax.name} (assumed)"


def test_another_window_than_the_first_is_a_caution():
    file = radiograph(DEEP, WindowCenter=["10", "20"], WindowWidth=["10", "20"])
    assert read_dicom(file, 0).metadata.cautions == ()
    assert read_dicom(file, 1).metadata.cautions == ("other_window",)


def test_technical_tags_are_told():
    details = dict(told(radiograph(DEEP, BitsStored=12, KVP="70", Exposure="2")).details)
    assert details == {
        "Columns x rows": "40 x 40",
        "Height x width of a pixel": "not told",
        "Stored as": "MONOCHROME2, 12 of 16 bits, unsigned",
        "Transfer syntax": "Explicit VR Little Endian",
        "Tube voltage": "70 kV",
        "Exposure": "2 mAs",
    }


def test_nothing_that_is_told_names_the_patient_or_a_date_or_an_identifier():
    tags = {"PatientBirthDate": BORN, "AccessionNumber": "ACC-9911", "InstitutionName": "Springfield General"}
    tags |= {"ReferringPhysicianName": "Hibbert^Julius", "SeriesDescription": "Doe Ann chest", "PatientAge": "003Y"}
    text = json.dumps(asdict(told(**tags)))
    for secret in (PATIENT, "Doe", IDENTIFIER, BORN, FILMED, "ACC-9911", "Springfield", "Hibbert", "1.2.826"):
        assert secret not in text


TYPED = ("DOE ANN", "DOE", IDENTIFIER, "NORMAL DOE", "AP DOE", "CHEST ANN", "L ANN")


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize(
    "keyword",
    ["BodyPartExamined", "ViewPosition", "PatientOrientation", "LossyImageCompression", "WindowCenterWidthExplanation"],
)
def test_a_name_that_was_typed_where_words_may_stand_is_not_told(keyword, typed):
    value = [typed, "F"] if keyword == "PatientOrientation" else typed
    file = told(**{"WindowCenter": "5", "WindowWidth": "10"} | {keyword: value})
    assert not [secret for secret in ("DOE", "ANN", "PID", "471108") if secret in json.dumps(asdict(file))]


@pytest.mark.parametrize("typed", ["Doe Ann", "70 Doe", "DOE"])
@pytest.mark.parametrize("keyword", ["KVP", "Exposure", "ExposureTime", "DistanceSourceToDetector"])
def test_a_name_that_was_typed_where_a_number_should_stand_is_not_told(keyword, typed):
    dataset = dcmread(io.BytesIO(radiograph()))
    dataset.add_new(keyword, "LO", typed)  # as another kind of value than the standard has
    details = dict(told(written(dataset, ExplicitVRLittleEndian)).details)
    assert "doe" not in json.dumps(details).lower()


@pytest.mark.parametrize("view", ["AP", "PA", "LLD", "RLD", "AP SUPINE", "PA ERECT", "AP_PORTABLE", "LORDOTIC"])
def test_known_words_for_the_view_are_told(view):
    assert told(ViewPosition=view).view_position == view


def test_known_codes_for_orientation_and_loss_are_told():
    details = dict(told(PatientOrientation=["L", "FP"], LossyImageCompression="01").details)
    assert details["Orientation"] == "L\\FP"
    assert details["Compressed with loss at some time (00 no, 01 yes)"] == "01"
