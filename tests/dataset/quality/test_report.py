"""The audit of the labelled set in sentences with file names."""

import pytest

from dataset.quality.audit import audit_dataset
from dataset.quality.report import audit_report
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS
from tests.support.inventories import make_inventory

PATIENTS = {
    "series and number": {"patients": 4097, "in_two_folders": 0, "in_two_splits": 1},
    "number alone": {"patients": 2790, "in_two_folders": 264, "in_two_splits": 265},
}
CLEAN = {
    "pictures": 5856,
    "unreadable": [],
    "copies": [],
    "closest_others": {"bits": 38, "similarity": 0.99609},
    "patients": PATIENTS,
    "odd": [],
}


def pair(a: str, b: str, exact: bool = True, **flags: bool) -> dict:
    no_flags = dict.fromkeys(("two_folders", "two_splits", "two_patients", "two_labels"), False)
    return {"a": a, "b": b, "exact": exact, "bits": 0, "similarity": 1.0} | no_flags | flags


def test_report_of_a_clean_data_set():
    assert audit_report(CLEAN) == [
        "All 5,856 pictures can be read.",
        "No picture is a copy of another.",
        f"Any other two differ by 38 of 256 bits of the fingerprint or more (copies by {DUPLICATE_MAX_BITS} or fewer), "
        "and the reader sees none as more alike than 0.9961 (1: the same).",
        "Patients as the file names tell them: by series and number, 4,097 patients, 0 of them in two official splits "
        "and 1 in two of training, validation and test; by number alone, 2,790 patients, 264 of them in two official "
        "splits and 265 in two of training, validation and test.",
        "No picture is odd in brightness or contrast, and lungs are found in all.",
    ]


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "1 picture cannot be read (0.jpeg)."),
        (5, "5 pictures cannot be read (0.jpeg, 1.jpeg, 2.jpeg, 3.jpeg, 4.jpeg)."),
        (7, "7 pictures cannot be read (0.jpeg, 1.jpeg, 2.jpeg, 3.jpeg, 4.jpeg and 2 more)."),
    ],
)
def test_unreadable_files_are_counted_and_the_first_ones_named(count, sentence):
    unreadable = [{"file": f"{n}.jpeg", "reason": "Broken."} for n in range(count)]

    assert audit_report(CLEAN | {"unreadable": unreadable})[0] == sentence


def test_copies_are_counted_by_file_and_by_pair():
    copies = [pair("a", "b"), pair("b", "c", exact=False), pair("a", "c", exact=False), pair("x", "y")]

    assert audit_report(CLEAN | {"copies": copies})[1] == (
        "5 pictures are copies of one another, in 2 groups: 2 exact pairs, 2 near pairs."
    )
    assert audit_report(CLEAN | {"copies": copies[:1]})[1] == (
        "2 pictures are copies of one another, in 1 group: 1 exact pair, 0 near pairs."
    )


def test_contradicting_copies_are_named_by_what_differs():
    copies = [
        pair("a", "b", two_labels=True, two_patients=True),
        pair("c", "d", two_folders=True, two_splits=True),
        pair("e", "f", two_splits=True),
        pair("g", "h"),
    ]

    assert audit_report(CLEAN | {"copies": copies})[2] == (
        "Of these pairs stand 1 with different labels (a and b), 1 in two official splits (c and d), 2 in two of "
        "training, validation and test (c and d, e and f), 1 under the names of two patients (a and b)."
    )


def test_outliers_are_named_by_what_is_unusual():
    outliers = [
        {"file": "a", "what": "no lungs found"},
        {"file": "b", "what": "very dark"},
        {"file": "a", "what": "very dark"},
    ]

    assert audit_report(CLEAN | {"odd": outliers})[-1] == "Odd pictures: no lungs found: 1 (a); very dark: 2 (b, a)."


def test_single_image_has_nothing_to_compare():
    assert "There are no other pairs to compare." in audit_report(audit_dataset(make_inventory([{}])))
