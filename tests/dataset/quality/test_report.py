"""Sentences on the audit of the labelled data set."""

import pytest

from dataset.quality.audit import DatasetAudit, audit_dataset
from dataset.quality.report import audit_report
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS
from tests.support.inventories import make_inventory

CLEAN = DatasetAudit(
    images=5856,
    unreadable=[],
    duplicates=[],
    nearest_others={"bits": 38, "similarity": 0.99609},
    patients={
        "series and number": {"patients": 4097, "in_two_folders": 0, "in_two_splits": 1},
        "number alone": {"patients": 2790, "in_two_folders": 264, "in_two_splits": 265},
    },
    outliers=[],
)


def pair(a: str, b: str, exact: bool = True, **flags: bool) -> dict:
    no_flags = dict.fromkeys(("two_folders", "two_splits", "two_patients", "two_labels"), False)
    return {"a": a, "b": b, "exact": exact, "bits": 0, "similarity": 1.0} | no_flags | flags


def test_report_of_a_clean_data_set():
    assert audit_report(CLEAN) == [
        "All 5,856 images can be read.",
        "There are no duplicate images.",
        "All other pairs differ in at least 38 out of 256 bits of the perceptual hash (duplicates: at most "
        f"{DUPLICATE_MAX_BITS}), and the similarity of their embeddings is at most 0.9961 (1 = identical).",
        "Patients identified by series and number in the file name: 4,097. Patients with images in more than one "
        "official split: 0; in more than one of training, validation and test: 1. Patients identified by number alone: "
        "2,790. Patients with images in more than one official split: 264; in more than one of training, validation "
        "and test: 265.",
        "There are no outliers in brightness or contrast, and lungs were found in every image.",
    ]


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "1 image cannot be read (0.jpeg)."),
        (5, "5 images cannot be read (0.jpeg, 1.jpeg, 2.jpeg, 3.jpeg, 4.jpeg)."),
        (7, "7 images cannot be read (0.jpeg, 1.jpeg, 2.jpeg, 3.jpeg, 4.jpeg and 2 more)."),
    ],
)
def test_unreadable_files_are_counted_and_the_first_ones_named(count, sentence):
    unreadable = [{"file": f"{n}.jpeg", "reason": "Broken."} for n in range(count)]

    assert audit_report(CLEAN | {"unreadable": unreadable})[0] == sentence


def test_duplicates_are_counted_by_image_group_and_pair():
    copies = [pair("a", "b"), pair("b", "c", exact=False), pair("a", "c", exact=False), pair("x", "y")]

    assert audit_report(CLEAN | {"duplicates": copies})[1] == (
        "Duplicates: 5 images in 2 groups (2 exact pairs, 2 near-duplicate pairs)."
    )
    assert audit_report(CLEAN | {"duplicates": copies[:1]})[1] == (
        "Duplicates: 2 images in 1 group (1 exact pair, 0 near-duplicate pairs)."
    )


def test_each_kind_of_conflict_between_duplicates_has_a_sentence_that_names_the_files():
    copies = [
        pair("a", "b", two_labels=True),
        pair("c", "d", two_folders=True, two_splits=True),
        pair("e", "f", two_splits=True),
        pair("g", "h"),
    ]

    assert audit_report(CLEAN | {"duplicates": copies})[2] == (
        "1 duplicate pair has conflicting labels (a and b). "
        "1 duplicate pair spans two official splits (c and d). "
        "2 duplicate pairs span more than one of training, validation and test (c and d, e and f). "
        "No duplicate pair belongs to two patients."
    )


def test_patients_from_a_table_have_their_own_sentence():
    spread = {"patients": 3261, "in_two_folders": 0, "in_two_splits": 2}

    assert audit_report(CLEAN | {"patients": {"table": spread}})[3] == (
        "Patients identified by the table of the data set: 3,261. Patients with images in more than one official "
        "split: 0; in more than one of training, validation and test: 2."
    )


def test_outliers_are_grouped_by_feature():
    outliers = [
        {"file": "a", "feature": "no lungs found"},
        {"file": "b", "feature": "very dark"},
        {"file": "a", "feature": "very dark"},
    ]

    assert audit_report(CLEAN | {"outliers": outliers})[-1] == "Outliers: no lungs found: 1 (a); very dark: 2 (b, a)."


def test_report_on_a_single_image_says_that_there_are_no_pairs_to_compare():
    assert "There are no other pairs to compare." in audit_report(audit_dataset(make_inventory([{}])))
