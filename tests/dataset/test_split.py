"""The validation split keeps groups together, ignores all other images and never touches the official test split."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.file_names import parse_file_name
from dataset.index import LabelledImage
from dataset.split import HELD_OUT_GROUPS, VALIDATION_SHARE, Split, split_for_training
from model.errors import DatasetError

FORMS = {"NORMAL": ("IM-{:04}-0001", "NORMAL2-IM-{:04}-0001"), "PNEUMONIA": ("person{}_bacteria_1", "person{}_virus_1")}


def record(split: str, label: str, name: str) -> LabelledImage:
    identity = parse_file_name(name, label)
    path = Path(split, label, name)
    return LabelledImage(path, split, label, identity.patient, identity.group, identity.cause)


def numbered(split: str, numbers: range) -> list[LabelledImage]:
    """Make records with every form of name per number: two patients of one group in each class."""
    return [record(split, label, form.format(n)) for label, forms in FORMS.items() for form in forms for n in numbers]


# Enough patients of both classes for training and validation, whatever is added to them.
BASE = numbered("train", range(1, 61))

additional_records = st.lists(
    st.builds(
        lambda split, label, form, number: record(split, label, FORMS[label][form].format(number)),
        st.sampled_from(["train", "val", "test"]),
        st.sampled_from(["NORMAL", "PNEUMONIA"]),
        st.integers(0, 1),
        st.integers(1, 2000),
    ),
    max_size=40,
)


@given(additions=additional_records)
def test_no_group_is_in_both_splits_and_no_image_is_lost(additions):
    records = BASE + additions
    parts = split_for_training(records)

    assert not {r.group for r in parts.training} & {r.group for r in parts.validation}
    assert not {r.patient for r in parts.training} & {r.patient for r in parts.validation}
    assert sorted(map(str, records)) == sorted(map(str, parts.training + parts.validation + parts.test))


@given(additions=additional_records)
def test_split_of_a_group_depends_on_no_other_image(additions):
    base, extended = split_for_training(BASE), split_for_training(BASE + additions)

    assert set(base.training) <= set(extended.training)
    assert set(base.validation) <= set(extended.validation)


@given(additions=additional_records)
def test_official_test_split_is_in_neither_training_nor_validation(additions):
    parts = split_for_training(BASE + additions)

    assert parts.test == [r for r in additions if r.split == "test"]
    assert "test" not in {r.split for r in parts.training + parts.validation}


def test_official_val_folder_is_split_like_the_train_folder():
    from_train, from_val = (
        split_for_training(numbered("train", range(1, 61))),
        split_for_training(numbered("val", range(1, 61))),
    )

    assert [r.path.name for r in from_val.validation] == [r.path.name for r in from_train.validation]


def test_groups_with_originals_are_in_validation_only():
    names = [(group, f"{group}-0001" if group.startswith("IM") else f"{group}_virus_1") for group in HELD_OUT_GROUPS]
    held_out = [record("train", "NORMAL" if name.startswith("IM") else "PNEUMONIA", name) for _, name in names]
    assert {r.group for r in held_out} == HELD_OUT_GROUPS

    assert set(held_out) <= set(split_for_training(BASE + held_out).validation)


def test_validation_gets_about_its_share_of_groups():
    parts = split_for_training(numbered("train", range(10_000, 14_000)))  # numbers that no held-out group has

    share = len(parts.validation) / (len(parts.validation) + len(parts.training))
    assert share == pytest.approx(VALIDATION_SHARE, abs=0.02)


def test_split_is_the_same_on_every_machine():
    """Metrics of different runs and machines are compared on one validation split, so its hash must never change."""
    validation = split_for_training(numbered("train", range(1, 61))).validation

    assert {r.group for r in validation} == {f"IM-{n:04}" for n in (2, 24, 37, 44, 53, 57, 59)} | {
        f"person{n}" for n in (1, 2, 17, 21, 29, 32, 48, 51)
    }


def test_parts_are_available_by_name():
    parts = Split(training=BASE[:1], validation=BASE[1:2], test=BASE[2:3])

    assert [parts.part(name) for name in ("training", "validation", "test")] == [BASE[:1], BASE[1:2], BASE[2:3]]


@pytest.mark.parametrize("part", ["training", "validation"])
@pytest.mark.parametrize("label", ["NORMAL", "PNEUMONIA"])
def test_missing_class_is_reported_with_its_split(part, label):
    parts = split_for_training(BASE)
    records = [r for r in BASE if not (r.label == label and r in parts.part(part))]

    sentence = (
        f"No {label} picture is left for {part} after 15% of the patients were set aside for validation: add pictures "
        "of more patients to train/."
    )
    with pytest.raises(DatasetError, match=f"^{re.escape(sentence)}$"):
        split_for_training(records)
