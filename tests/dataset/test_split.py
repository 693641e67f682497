"""Validation split: groups stay together, other images have no influence, and the test split is separate."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.errors import DatasetUnusable
from dataset.file_names import parse_file_name
from dataset.index import OFFICIAL_SPLITS, OFFICIAL_TEST_SPLIT, LabelledImage
from dataset.split import HELD_OUT_GROUPS, VALIDATION_SHARE, Split, split_for_training
from model.codes import LABELS, SPLITS, Label, SplitName
from model.messages import Message, MessageCode

FORMS = {
    Label.NORMAL: ("IM-{:04}-0001", "NORMAL2-IM-{:04}-0001"),
    Label.PNEUMONIA: ("person{}_bacteria_1", "person{}_virus_1"),
}


def record(split: str, label: Label, name: str) -> LabelledImage:
    identity = parse_file_name(name, label)
    path = Path(split, label, name)
    return LabelledImage(path, split, label, identity.patient, identity.group, identity.cause)


def numbered(split: str, numbers: range) -> list[LabelledImage]:
    """Return a record for each form of name and number: per class, two patients of one group."""
    return [record(split, label, form.format(n)) for label, forms in FORMS.items() for form in forms for n in numbers]


# Enough patients of both classes for training and validation.
BASE = numbered("train", range(1, 61))

additional_records = st.lists(
    st.builds(
        lambda split, label, form, number: record(split, label, FORMS[label][form].format(number)),
        st.sampled_from(OFFICIAL_SPLITS),
        st.sampled_from(LABELS),
        st.integers(0, 1),
        st.integers(1, 2000),
    ),
    max_size=40,
)


@pytest.mark.slow
@given(additions=additional_records)
def test_no_group_is_in_training_and_validation_and_no_image_is_lost(additions):
    records = BASE + additions
    parts = split_for_training(records)

    assert not {r.group for r in parts.training} & {r.group for r in parts.validation}
    assert not {r.patient for r in parts.training} & {r.patient for r in parts.validation}
    assert sorted(map(str, records)) == sorted(map(str, parts.training + parts.validation + parts.test))


@pytest.mark.slow
@given(additions=additional_records)
def test_split_of_a_group_does_not_depend_on_other_images(additions):
    base, extended = split_for_training(BASE), split_for_training(BASE + additions)

    assert set(base.training) <= set(extended.training)
    assert set(base.validation) <= set(extended.validation)


@given(additions=additional_records)
def test_official_test_split_is_in_neither_training_nor_validation(additions):
    parts = split_for_training(BASE + additions)

    assert parts.test == [r for r in additions if r.split == OFFICIAL_TEST_SPLIT]
    assert OFFICIAL_TEST_SPLIT not in {r.split for r in parts.training + parts.validation}


def test_official_val_folder_is_split_like_the_train_folder():
    from_train, from_val = (
        split_for_training(numbered("train", range(1, 61))),
        split_for_training(numbered("val", range(1, 61))),
    )

    assert [r.path.name for r in from_val.validation] == [r.path.name for r in from_train.validation]


def test_held_out_groups_are_in_validation():
    names = [(group, f"{group}-0001" if group.startswith("IM") else f"{group}_virus_1") for group in HELD_OUT_GROUPS]
    held_out = [record("train", Label.NORMAL if name.startswith("IM") else Label.PNEUMONIA, name) for _, name in names]
    assert {r.group for r in held_out} == HELD_OUT_GROUPS

    assert set(held_out) <= set(split_for_training(BASE + held_out).validation)


def test_validation_has_about_its_share_of_groups():
    parts = split_for_training(numbered("train", range(10_000, 14_000)))  # numbers outside the held-out groups

    share = len(parts.validation) / (len(parts.validation) + len(parts.training))
    assert share == pytest.approx(VALIDATION_SHARE, abs=0.02)


def test_split_is_the_same_on_every_machine():
    """Metrics of all runs and machines are compared on the same validation split, so the hash must never change."""
    validation = split_for_training(numbered("train", range(1, 61))).validation

    assert {r.group for r in validation} == {f"IM-{n:04}" for n in (2, 24, 37, 44, 53, 57, 59)} | {
        f"person{n}" for n in (1, 2, 17, 21, 29, 32, 48, 51)
    }


def test_parts_are_available_by_name():
    parts = Split(training=BASE[:1], validation=BASE[1:2], test=BASE[2:3])

    assert [parts.part(name) for name in SPLITS] == [BASE[:1], BASE[1:2], BASE[2:3]]


@pytest.mark.parametrize("part", [SplitName.TRAINING, SplitName.VALIDATION])
@pytest.mark.parametrize("label", LABELS)
def test_missing_class_is_an_error(part, label):
    parts = split_for_training(BASE)
    records = [r for r in BASE if not (r.label == label and r in parts.part(part))]

    with pytest.raises(DatasetUnusable) as caught:
        split_for_training(records)
    params = {"label": label, "split": part, "validation_percent": 15}
    assert caught.value.messages == (Message(MessageCode.TOO_FEW_PATIENTS, params),)
