"""The age of the patient, by PatientAge or by two dates."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from model.imaging.dicom.age import AGE_TAGS, age_in_years
from tests.support.dicom_files import BIRTH_DATE, STUDY_DATE, read_metadata

EXAMINATION_DATES = [keyword for keyword in AGE_TAGS if not keyword.startswith("Patient")]
FORMATS = ("%Y%m%d", "%Y.%m.%d", "%Y-%m-%d", "%Y%m%d093000.000000+0100")
dates = st.dates(date(1900, 3, 1), date(2099, 12, 31))


def age(**tags: str | None) -> int | None:
    dataset = Dataset()
    for name, value in tags.items():
        if value is not None:
            dataset.add_new(name, "LO", value)
    return age_in_years(dataset)


@pytest.mark.parametrize(
    ("text", "years"),
    [("003Y", 3), ("018M", 1), ("011M", 0), ("012M", 1), ("100D", 0), ("366D", 1), ("052W", 0), ("053W", 1), ("34", 34)]
    + [("3 years", 3), ("36 months", 3), ("156 wks", 2), ("1461D", 4), ("18 m", 1), ("3yrs.", 3), ("120Y", 120)]
    + [(text, None) for text in ("121Y", "999Y", "Y003", "three", "-03Y", "2,5Y", "", None)],
)
def test_the_age_is_given_in_completed_years(text, years):
    assert age(PatientAge=text) == years
    assert read_metadata(PatientAge=text).age_years == years


@pytest.mark.parametrize(
    ("birth_date", "study_date", "years"),
    [
        (BIRTH_DATE, STUDY_DATE, 3),
        ("20190304", "20230304", 4),
        ("20190305", "20230304", 3),
        ("1960", "20230304", 62),
        ("19600000", "2023", 63),
        ("20230305", "20230304", None),
        ("1900", STUDY_DATE, None),
        ("20191345", STUDY_DATE, None),
        (None, STUDY_DATE, None),
    ],
)
def test_a_missing_age_is_computed_from_two_dates(birth_date, study_date, years):
    assert age(PatientBirthDate=birth_date, StudyDate=study_date) == years
    assert age(PatientBirthDate=birth_date, StudyDate=study_date, PatientAge="007Y") == 7


@pytest.mark.parametrize("impossible", ["999Y", "000Y", "unknown"])
def test_an_impossible_age_is_replaced_by_that_of_the_dates(impossible):
    assert age(PatientAge=impossible, PatientBirthDate="19600511", StudyDate="20230304") == 62


def test_an_impossible_date_is_replaced_by_another_one():
    assert age(PatientBirthDate="19600511", StudyDate="19010101", AcquisitionDate="20230304") == 62


@given(dates, dates, st.sampled_from(EXAMINATION_DATES), st.sampled_from(FORMATS), st.sampled_from(FORMATS))
def test_every_date_of_an_examination_and_every_format_gives_the_same_age(birth, day, keyword, format_1, format_2):
    birthdays = [birth.replace(year=year, day=min(birth.day, 28)) for year in range(birth.year + 1, day.year + 1)]
    expected = sum(birthday + timedelta(birth.day - min(birth.day, 28)) <= day for birthday in birthdays)
    found = age(PatientBirthDate=birth.strftime(format_1), **{keyword: day.strftime(format_2)})
    assert found == (expected if birth <= day and expected <= 120 else None)
