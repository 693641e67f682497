"""Audit of the labelled data set: duplicates, patients, labels and outliers."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dataset.quality.audit
from dataset.index import dataset_root, load_index
from dataset.quality.audit import DUPLICATE_MIN_COSINE, DatasetAudit, audit_dataset, duplicate_groups
from dataset.quality.features import ImageInventory, scan_images
from dataset.split import split
from model.codes import Label, Population, SplitName
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS
from model.inference.classifier import load_model
from tests.support.inventories import make_inventory, with_bits_changed


def exact_duplicates(*images: dict) -> ImageInventory:
    """Return an inventory of exact duplicates."""
    inventory = make_inventory([{"content": "identical"} | columns for columns in images])
    first = np.zeros(len(images), int)
    return replace(inventory, embeddings=inventory.embeddings[first], fingerprints=inventory.fingerprints[first])


def pairs(audit: DatasetAudit) -> set[tuple[str, str]]:
    return {(pair["a"], pair["b"]) for pair in audit["duplicates"]}


def pair(a: str, b: str) -> dict:
    return {"a": a, "b": b}


# --- duplicates


def test_different_images_are_not_duplicates():
    audit = audit_dataset(make_inventory([{}] * 5))

    assert audit["images"] == 5
    assert audit["duplicates"] == []
    assert audit["nearest_others"]["bits"] > DUPLICATE_MAX_BITS
    assert audit["nearest_others"]["similarity"] == 0


def test_exact_duplicates_are_found():
    (only,) = audit_dataset(exact_duplicates({"file": "a"}, {"file": "b"}))["duplicates"]

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


@pytest.mark.parametrize(("bits", "is_duplicate"), [(DUPLICATE_MAX_BITS, True), (DUPLICATE_MAX_BITS + 1, False)])
def test_near_duplicate_is_found_by_perceptual_hash_up_to_the_limit(bits, is_duplicate):
    inventory = make_inventory([{}] * 3)
    inventory.fingerprints[2] = with_bits_changed(inventory.fingerprints[0], bits)

    audit = audit_dataset(inventory)

    assert pairs(audit) == ({("0.jpeg", "2.jpeg")} if is_duplicate else set())
    assert [(pair["exact"], pair["bits"]) for pair in audit["duplicates"]] == [(False, bits)] * is_duplicate
    assert (audit["nearest_others"]["bits"] == bits) is not is_duplicate


@pytest.mark.parametrize(
    ("cosine", "is_duplicate"), [(DUPLICATE_MIN_COSINE + 0.001, True), (DUPLICATE_MIN_COSINE - 0.001, False)]
)
def test_near_duplicate_is_found_by_embedding(cosine, is_duplicate):
    inventory = make_inventory([{}] * 3)
    inventory.embeddings[2] = 7 * (cosine * inventory.embeddings[0] + np.sqrt(1 - cosine**2) * inventory.embeddings[1])

    audit = audit_dataset(inventory)

    assert pairs(audit) == ({("0.jpeg", "2.jpeg")} if is_duplicate else set())
    assert [pair["similarity"] for pair in audit["duplicates"]] == [pytest.approx(cosine)] * is_duplicate
    closest_other = np.sqrt(1 - cosine**2) if is_duplicate else cosine
    assert audit["nearest_others"]["similarity"] == pytest.approx(closest_other, abs=1e-6)


@pytest.mark.parametrize(
    ("differs", "flag"),
    [
        ({"folder": "test"}, "two_folders"),
        ({"split": SplitName.VALIDATION}, "two_splits"),
        ({"patient": "another"}, "two_patients"),
        ({"label": Label.PNEUMONIA}, "two_labels"),
    ],
)
def test_conflicting_duplicates_are_flagged(differs, flag):
    columns = {"patient": "original", "group": "original"}
    (only,) = audit_dataset(exact_duplicates(columns, columns | differs))["duplicates"]

    assert [name for name, value in only.items() if name.startswith("two_") and value] == [flag]


@pytest.mark.parametrize("block", [1, 2, 7, 100])
def test_every_pair_is_compared_once_for_any_block_size(monkeypatch, block):
    monkeypatch.setattr(dataset.quality.audit, "BLOCK", block)
    inventory = make_inventory([{}] * 7)
    duplicates = [0, 3, 6]
    inventory.fingerprints[duplicates] = inventory.fingerprints[0]

    audit = audit_dataset(inventory)

    assert pairs(audit) == {(f"{a}.jpeg", f"{b}.jpeg") for a, b in itertools.combinations(duplicates, 2)}
    other_distances = [
        int((np.unpackbits(inventory.fingerprints[a]) != np.unpackbits(inventory.fingerprints[b])).sum())
        for a, b in itertools.combinations(range(7), 2)
        if not {a, b} <= set(duplicates)
    ]
    assert audit["nearest_others"]["bits"] == min(other_distances)


def test_single_image_has_no_pairs():
    audit = audit_dataset(make_inventory([{}]))

    assert audit["duplicates"] == []
    assert audit["nearest_others"] == {"bits": None, "similarity": None}


def test_audit_can_be_written_as_json():
    inventory = exact_duplicates({"patient": "a"}, {"patient": "b", "lungs_found": False}, {"intensity": 250.0})

    assert json.loads(json.dumps(audit_dataset(inventory), allow_nan=False)) == audit_dataset(inventory)


# --- groups of duplicates


def test_pairs_that_share_a_file_are_merged_into_one_group():
    chain = [pair("d", "c"), pair("x", "y"), pair("b", "a"), pair("c", "b")]

    assert duplicate_groups(chain) == [["a", "b", "c", "d"], ["x", "y"]]
    assert duplicate_groups([]) == []


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda p: p[0] != p[1]), max_size=20))
def test_groups_are_the_connected_components_of_the_pairs(numbers):
    groups = duplicate_groups([pair(f"{a:02}", f"{b:02}") for a, b in numbers])

    def component(start: int) -> list[str]:
        visited, frontier = set(), {start}
        while frontier:
            visited |= frontier
            frontier = {b for pair in numbers for a, b in (pair, pair[::-1]) if a in frontier} - visited
        return [f"{n:02}" for n in sorted(visited)]

    assert groups == sorted(map(list, {tuple(component(n)) for pair in numbers for n in pair}))


# --- patients


def test_patients_and_their_spread_are_counted_by_both_keys():
    images = [
        {"patient": "person1_virus", "group": "person1", "split": SplitName.TRAINING, "label": Label.PNEUMONIA},
        {"patient": "person1_virus", "group": "person1", "split": SplitName.VALIDATION, "label": Label.PNEUMONIA},
        {"patient": "person1_bacteria", "group": "person1", "split": SplitName.TEST, "label": Label.PNEUMONIA},
        {"patient": "IM-1", "group": "IM-1", "split": SplitName.TRAINING},
        {"patient": "IM-1", "group": "IM-1", "split": SplitName.TRAINING},
    ]

    assert audit_dataset(make_inventory(images))["patients"] == {
        "series and number": {"patients": 3, "in_two_folders": 0, "in_two_splits": 1},
        "number alone": {"patients": 2, "in_two_folders": 1, "in_two_splits": 1},
    }


def test_same_number_in_both_classes_is_two_patients():
    images = [{"patient": "7", "split": SplitName.TEST}, {"patient": "7", "label": Label.PNEUMONIA}]

    assert audit_dataset(make_inventory(images))["patients"]["number alone"] == {
        "patients": 2,
        "in_two_folders": 0,
        "in_two_splits": 0,
    }


def test_an_adult_is_one_patient_in_both_classes():
    both = {"patient": "a1", "population": Population.ADULTS}
    images = [both, both | {"label": Label.PNEUMONIA, "split": SplitName.TEST}, both | {"patient": "a2"}]

    assert audit_dataset(make_inventory(images))["patients"] == {
        "table": {"patients": 2, "in_two_folders": 1, "in_two_splits": 1}
    }


# --- unreadable files and outliers


def test_unreadable_files_are_included():
    unreadable = [{"file": "broken.jpeg", "reason": "Broken."}]

    assert audit_dataset(make_inventory([{}], unreadable=unreadable))["unreadable"] == unreadable


@pytest.mark.parametrize(
    ("columns", "feature"),
    [
        ({"lungs_found": False}, "no lungs found"),
        ({"intensity": 250.0}, "very bright"),
        ({"intensity": 5.0}, "very dark"),
        ({"contrast": 110.0}, "very high contrast"),
        ({"contrast": 1.0}, "very low contrast"),
    ],
)
def test_outlier_is_reported_with_its_feature(columns, feature):
    images = [{"intensity": 120.0 + n, "contrast": 50.0 + n} for n in range(20)]

    assert audit_dataset(make_inventory(images))["outliers"] == []
    assert audit_dataset(make_inventory([*images, {"file": "outlier.jpeg"} | columns]))["outliers"] == [
        {"file": "outlier.jpeg", "feature": feature}
    ]


# --- the public data set


@pytest.mark.dataset
def test_exact_duplicates_in_the_public_data_set_are_found():
    groups = {"person258", *(f"IM-{n:04}" for n in range(95, 100))}
    parts = split([record for record in load_index(dataset_root()) if record.group in groups]).parts()

    audit = audit_dataset(scan_images(load_model(), parts))

    assert audit["images"] == 17
    assert duplicate_groups(audit["duplicates"]) == [
        ["NORMAL2-IM-0095-0001.jpeg", "NORMAL2-IM-0096-0001.jpeg"],
        [f"person258_bacteria_{n}.jpeg" for n in (1207, 1208, 1209)],
    ]
    assert all(pair["exact"] for pair in audit["duplicates"])
    assert [pair["a"] for pair in audit["duplicates"] if pair["two_patients"]] == ["NORMAL2-IM-0095-0001.jpeg"]
