"""Patient, group and cause, parsed from file names of the Kermany data set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.file_names import PatientIdentity, parse_file_name
from model.codes import LABELS, Label

NUMBERS = st.integers(0, 9999)


@pytest.mark.parametrize(
    ("name", "label", "identity"),
    [
        ("person12_bacteria_3.jpeg", Label.PNEUMONIA, PatientIdentity("person12_bacteria", "person12", "bacterial")),
        ("person12_virus_5.jpeg", Label.PNEUMONIA, PatientIdentity("person12_virus", "person12", "viral")),
        ("IM-0012-0001.jpeg", Label.NORMAL, PatientIdentity("IM-0012", "IM-0012", "none")),
        ("IM-0012-0001-0002.jpeg", Label.NORMAL, PatientIdentity("IM-0012", "IM-0012", "none")),
        ("NORMAL2-IM-0012-0001.jpeg", Label.NORMAL, PatientIdentity("NORMAL2-IM-0012", "IM-0012", "none")),
    ],
)
def test_known_forms_of_names_are_parsed(name, label, identity):
    assert parse_file_name(name, label) == identity


@given(number=NUMBERS, first=st.integers(1, 99), second=st.integers(1, 99))
def test_bacteria_and_virus_with_the_same_number_are_two_patients_in_one_group(number, first, second):
    bacterial = parse_file_name(f"person{number}_bacteria_{first}.jpeg", Label.PNEUMONIA)
    viral = parse_file_name(f"person{number}_virus_{second}.jpeg", Label.PNEUMONIA)

    assert bacterial.patient != viral.patient
    assert bacterial.group == viral.group
    assert (bacterial.cause, viral.cause) == ("bacterial", "viral")


@given(number=NUMBERS)
def test_both_normal_series_with_the_same_number_are_two_patients_in_one_group(number):
    first = parse_file_name(f"IM-{number:04}-0001.jpeg", Label.NORMAL)
    second = parse_file_name(f"NORMAL2-IM-{number:04}-0001.jpeg", Label.NORMAL)

    assert first.patient != second.patient
    assert first.group == second.group


@given(number=NUMBERS, form=st.sampled_from(["person{}_virus_", "person{}_bacteria_", "IM-{}-", "NORMAL2-IM-{}-"]))
def test_all_images_of_a_patient_have_the_same_identity(number, form):
    names = [form.format(number) + suffix for suffix in ("1.jpeg", "0002.jpeg", "0001-0003.png")]

    assert len({parse_file_name(name, Label.PNEUMONIA) for name in names}) == 1


@given(numbers=st.tuples(NUMBERS, NUMBERS))
def test_different_numbers_are_different_patients_and_groups(numbers):
    first, second = (parse_file_name(f"person{number}_virus_1.jpeg", Label.PNEUMONIA) for number in numbers)

    assert (first.patient == second.patient) == (first.group == second.group) == (numbers[0] == numbers[1])


@pytest.mark.parametrize(("label", "cause"), [(Label.NORMAL, "none"), (Label.PNEUMONIA, "unknown")])
@pytest.mark.parametrize(
    "name", ["chest 7.png", "person_virus_1.jpeg", "person7_fungus_1.jpeg", "IM-.jpeg", "xIM-0001-0001.jpeg", "ä.jpg"]
)
def test_name_of_unknown_form_is_a_separate_patient(name, label, cause):
    stem = name.rsplit(".", 1)[0]

    assert parse_file_name(name, label) == PatientIdentity(stem, stem, cause)


@given(name=st.text(st.characters(exclude_characters="/\0"), min_size=1), label=st.sampled_from(LABELS))
def test_every_name_has_an_identity(name, label):
    identity = parse_file_name(name, label)

    assert identity.cause in {"bacterial", "viral", "none", "unknown"}
    assert parse_file_name(name, label) == identity
