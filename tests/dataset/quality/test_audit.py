"""The audit of the labelled set: copies, patients, labels, odd pictures. (test_audit.py is of the shortcut audit.)"""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dataset.quality.audit
from dataset.index import dataset_root, load_index
from dataset.quality.audit import DUPLICATE_MIN_COSINE, audit_dataset, duplicate_groups
from dataset.quality.features import ImageInventory, scan_images
from dataset.split import split
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from tests.support.inventories import survey_of, with_bits_changed


def copied(*pictures: dict) -> ImageInventory:
    """Pictures that all are exact copies of one film."""
    of = survey_of([{"content": "the same"} | told for told in pictures])
    same = np.zeros(len(pictures), int)
    return replace(of, embeddings=of.embeddings[same], fingerprints=of.fingerprints[same])


def pairs(found: dict) -> set[tuple[str, str]]:
    return {(pair["a"], pair["b"]) for pair in found["copies"]}


def pair(a: str, b: str) -> dict:
    return {"a": a, "b": b}


# --- copies


def test_pictures_that_are_all_different_are_no_copies():
    found = audit_dataset(survey_of([{}] * 5))

    assert found["pictures"] == 5
    assert found["copies"] == []
    assert found["closest_others"]["bits"] > DUPLICATE_MAX_BITS
    assert found["closest_others"]["similarity"] == 0


def test_exact_copies_are_found():
    (only,) = audit_dataset(copied({"file": "a"}, {"file": "b"}))["copies"]

    assert only == {
        "a": "a",
        "b": "b",
        "exact": True,
        "bits": 0,
        "similarity": 1.0,
        "two_folders": False,
        "two_splits": False,
        "two_patients": True,
        "two_labels": False,
    }


@pytest.mark.parametrize(("bits", "is_copy"), [(DUPLICATE_MAX_BITS, True), (DUPLICATE_MAX_BITS + 1, False)])
def test_a_near_copy_is_found_by_its_fingerprint_up_to_the_limit(bits, is_copy):
    of = survey_of([{}] * 3)
    of.fingerprints[2] = with_bits_changed(of.fingerprints[0], bits)

    found = audit_dataset(of)

    assert pairs(found) == ({("0.jpeg", "2.jpeg")} if is_copy else set())
    assert [(one["exact"], one["bits"]) for one in found["copies"]] == [(False, bits)] * is_copy
    assert (found["closest_others"]["bits"] == bits) is not is_copy


@pytest.mark.parametrize(
    ("cosine", "is_copy"), [(DUPLICATE_MIN_COSINE + 0.001, True), (DUPLICATE_MIN_COSINE - 0.001, False)]
)
def test_a_near_copy_is_found_by_what_the_reader_sees(cosine, is_copy):
    of = survey_of([{}] * 3)
    of.embeddings[2] = 7 * (cosine * of.embeddings[0] + np.sqrt(1 - cosine**2) * of.embeddings[1])

    found = audit_dataset(of)

    assert pairs(found) == ({("0.jpeg", "2.jpeg")} if is_copy else set())
    assert [one["similarity"] for one in found["copies"]] == [pytest.approx(cosine)] * is_copy
    others = np.sqrt(1 - cosine**2) if is_copy else cosine
    assert found["closest_others"]["similarity"] == pytest.approx(others, abs=1e-6)


@pytest.mark.parametrize(
    ("differs", "flag"),
    [
        ({"folder": "test"}, "two_folders"),
        ({"split": "validation"}, "two_splits"),
        ({"patient": "another"}, "two_patients"),
        ({"label": "PNEUMONIA"}, "two_labels"),
    ],
)
def test_copies_that_contradict_each_other_are_flagged_with_what_differs(differs, flag):
    one = {"patient": "somebody", "group": "somebody"}
    (only,) = audit_dataset(copied(one, one | differs))["copies"]

    assert [name for name, value in only.items() if name.startswith("two_") and value] == [flag]


@pytest.mark.parametrize("block", [1, 2, 7, 100])
def test_every_pair_is_compared_once_however_many_fit_in_a_block(monkeypatch, block):
    monkeypatch.setattr(dataset.quality.audit, "BLOCK", block)
    of = survey_of([{}] * 7)
    alike = [0, 3, 6]
    of.fingerprints[alike] = of.fingerprints[0]

    found = audit_dataset(of)

    assert pairs(found) == {(f"{a}.jpeg", f"{b}.jpeg") for a, b in itertools.combinations(alike, 2)}
    others = [
        int((np.unpackbits(of.fingerprints[a]) != np.unpackbits(of.fingerprints[b])).sum())
        for a, b in itertools.combinations(range(7), 2)
        if not {a, b} <= set(alike)
    ]
    assert found["closest_others"]["bits"] == min(others)


def test_one_picture_alone_has_nothing_to_be_compared_with():
    found = audit_dataset(survey_of([{}]))

    assert found["copies"] == []
    assert found["closest_others"] == {"bits": None, "similarity": None}


def test_what_is_found_can_be_written_as_json():
    of = copied({"patient": "a"}, {"patient": "b", "lungs_found": False}, {"intensity": 250.0})

    assert json.loads(json.dumps(audit_dataset(of), allow_nan=False)) == audit_dataset(of)


# --- groups of copies


def test_pairs_that_share_a_film_are_joined_into_one_group():
    chain = [pair("d", "c"), pair("x", "y"), pair("b", "a"), pair("c", "b")]

    assert duplicate_groups(chain) == [["a", "b", "c", "d"], ["x", "y"]]
    assert duplicate_groups([]) == []


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda p: p[0] != p[1]), max_size=20))
def test_groups_are_those_that_a_walk_along_the_pairs_reaches(numbers):
    groups = duplicate_groups([pair(f"{a:02}", f"{b:02}") for a, b in numbers])

    def reached(start: int) -> list[str]:
        seen, ahead = set(), {start}
        while ahead:
            seen |= ahead
            ahead = {b for pair in numbers for a, b in (pair, pair[::-1]) if a in ahead} - seen
        return [f"{n:02}" for n in sorted(seen)]

    assert groups == sorted(map(list, {tuple(reached(n)) for pair in numbers for n in pair}))


# --- patients


def test_patients_are_counted_by_both_keys_with_those_who_stand_in_two_places():
    films = [
        {"patient": "person1_virus", "group": "person1", "split": "training", "label": "PNEUMONIA"},
        {"patient": "person1_virus", "group": "person1", "split": "validation", "label": "PNEUMONIA"},
        {"patient": "person1_bacteria", "group": "person1", "split": "test", "label": "PNEUMONIA"},
        {"patient": "IM-1", "group": "IM-1", "split": "training"},
        {"patient": "IM-1", "group": "IM-1", "split": "training"},
    ]

    assert audit_dataset(survey_of(films))["patients"] == {
        "series and number": {"patients": 3, "in_two_folders": 0, "in_two_splits": 1},
        "number alone": {"patients": 2, "in_two_folders": 1, "in_two_splits": 1},
    }


def test_one_number_in_two_classes_is_two_patients():
    films = [{"patient": "7", "split": "test"}, {"patient": "7", "label": "PNEUMONIA"}]

    assert audit_dataset(survey_of(films))["patients"]["number alone"] == {
        "patients": 2,
        "in_two_folders": 0,
        "in_two_splits": 0,
    }


# --- unreadable and odd


def test_what_cannot_be_read_is_handed_on():
    unreadable = [{"file": "broken.jpeg", "reason": "Broken."}]

    assert audit_dataset(survey_of([{}], unreadable=unreadable))["unreadable"] == unreadable


@pytest.mark.parametrize(
    ("odd", "what"),
    [
        ({"lungs_found": False}, "no lungs found"),
        ({"intensity": 250.0}, "very bright"),
        ({"intensity": 5.0}, "very dark"),
        ({"contrast": 110.0}, "very high contrast"),
        ({"contrast": 1.0}, "very low contrast"),
    ],
)
def test_a_picture_unlike_the_others_is_odd(odd, what):
    films = [{"intensity": 120.0 + n, "contrast": 50.0 + n} for n in range(20)]

    assert audit_dataset(survey_of(films))["odd"] == []
    assert audit_dataset(survey_of([*films, {"file": "odd.jpeg"} | odd]))["odd"] == [{"file": "odd.jpeg", "what": what}]


# --- the real set


@pytest.mark.dataset
def test_the_exact_copies_of_the_public_set_are_found_and_its_other_films_are_not():
    groups = {"person258", *(f"IM-{n:04}" for n in range(95, 100))}
    parts = vars(split([record for record in load_index(dataset_root()) if record.group in groups]))

    found = audit_dataset(scan_images(Classifier(load_release()), parts))

    assert found["pictures"] == 17
    assert duplicate_groups(found["copies"]) == [
        ["NORMAL2-IM-0095-0001.jpeg", "NORMAL2-IM-0096-0001.jpeg"],
        [f"person258_bacteria_{n}.jpeg" for n in (1207, 1208, 1209)],
    ]
    assert all(one["exact"] for one in found["copies"])
    assert [one["a"] for one in found["copies"] if one["two_patients"]] == ["NORMAL2-IM-0095-0001.jpeg"]
