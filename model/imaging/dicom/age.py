"""Age of a patient by the tags of a DICOM file. Runs in the worker process only; the dates are not kept."""

import math
import re
from collections.abc import Iterator
from datetime import date

from pydicom import Dataset

_DAYS_PER_YEAR = 365.25
# By the unit of an age string (PS3.5 6.2, AS), which some files spell out; a number without a unit is in years.
_DAYS_PER_UNIT = {"D": 1.0, "W": 7.0, "M": _DAYS_PER_YEAR / 12, "Y": _DAYS_PER_YEAR}
_AGE = re.compile(r"(\d{1,5})\s*([DWMY]?)(?:AYS?|EEKS?|KS?|O|OS|ONTHS?|EARS?|RS?|)\.?")
_EXAMINATION_DATES = ("StudyDate", "AcquisitionDate", "AcquisitionDateTime", "SeriesDate", "ContentDate")
AGE_TAGS = ("PatientAge", "PatientBirthDate", *_EXAMINATION_DATES)
# As in PS3.5 6.2 (DA) or, with dots, in ACR-NEMA 2.0; month and day may be missing, and a time may follow.
_DATE = re.compile(r"(\d{4})(?:([-./]?)(\d\d)(?:\2(\d\d)(?!\d{1,2}[-./])\S*)?)?")
_MAX_AGE = 120  # years


def age_in_years(dataset: Dataset) -> int | None:
    """Return the age in completed years, by PatientAge or else by the date of birth and one of the examination.

    An age of 0 years, which means "unknown" in some files, counts only if there are no dates.

    Returns:
        0-120; None if the age is unknown or impossible.
    """
    stated = _stated_age(str(dataset.get("PatientAge") or ""))
    plausible = (age for age in (stated or None, *_ages_by_dates(dataset), stated) if age is not None)
    return next((age for age in plausible if 0 <= age <= _MAX_AGE), None)


def _stated_age(text: str) -> int | None:
    match = _AGE.fullmatch(text.strip("\0 ").upper())
    if not match:
        return None
    return math.floor(int(match[1]) * _DAYS_PER_UNIT[match[2] or "Y"] / _DAYS_PER_YEAR + 1e-6)


def _ages_by_dates(dataset: Dataset) -> Iterator[int]:
    """Yield the age on each date of the examination that the file has."""
    birth = _parse_date(dataset, "PatientBirthDate")
    for keyword in _EXAMINATION_DATES:
        if birth and (day := _parse_date(dataset, keyword)):
            yield day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _parse_date(dataset: Dataset, keyword: str) -> date | None:
    """Read a date; a missing month or day is taken to be in the middle."""
    match = _DATE.fullmatch(str(dataset.get(keyword) or "").strip("\0 "))
    if not match:
        return None
    year, month, day = int(match[1]), int(match[3] or 0), int(match[4] or 0)
    try:
        return date(year, month or 7, day or (15 if month else 1))
    except ValueError:
        return None
