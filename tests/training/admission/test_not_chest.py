"""Real images that are not frontal chest radiographs: table, halves without a patient in common, and errors."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.codes import RefusalReason
from model.errors import TrainingError
from training.admission.not_chest import LABELS_FILE, Halves, NotChestImage, halve, load_not_chest, not_chest_root

images = st.lists(
    st.builds(
        NotChestImage,
        path=st.just(Path("a.png")),
        kind=st.sampled_from(["hand", "knee", "lateral_chest"]),
        patient=st.integers(0, 30).map(str),
        source=st.sampled_from(["one", "other"]),
    ),
    max_size=60,
)


def patients(part: list[NotChestImage]) -> set[tuple[str, str]]:
    return {(image.source, image.patient) for image in part}


@given(images)
def test_the_halves_contain_all_images_and_have_no_patient_in_common(listed):
    halves = halve(listed)
    assert sorted(map(str, [*halves.fitting, *halves.measuring])) == sorted(map(str, listed))
    assert not patients(halves.fitting) & patients(halves.measuring)


@given(images, st.randoms())
def test_the_halves_do_not_depend_on_the_order_of_the_images(listed, random):
    shuffled = random.sample(listed, len(listed))
    assert patients(halve(shuffled).fitting) == patients(halve(listed).fitting)


@given(images)
def test_each_kind_is_halved(listed):
    kinds_of_patient = defaultdict(set)
    for image in listed:
        kinds_of_patient[image.source, image.patient].add(image.kind)
    listed = [image for image in listed if len(kinds_of_patient[image.source, image.patient]) == 1]
    halves = halve(listed)
    for kind in {image.kind for image in listed}:
        counts = [len(patients([image for image in part if image.kind == kind])) for part in halves]
        assert 0 <= counts[0] - counts[1] <= 1


def test_an_image_of_an_unknown_patient_counts_as_a_patient(not_chest_set):
    halves = load_not_chest(not_chest_set)
    for part in halves:
        assert [image.kind for image in part].count("hand") == 2
        assert len({image.patient for image in part if image.kind == "lateral_chest"}) == 1


def test_an_image_can_be_read_and_has_a_family_and_a_reason(not_chest_set):
    image = load_not_chest(not_chest_set).measuring[0]
    assert image.read().pixels.shape == (150, 150)
    assert (image.family, image.reason) == ("radiographs of hands", RefusalReason.NO_LUNGS)
    assert NotChestImage(image.path, "barium_meal", "p", "s").family == "barium meal"


def test_without_a_folder_both_halves_are_empty(monkeypatch):
    monkeypatch.setenv("NOT_CHEST_DIR", "")
    assert load_not_chest(not_chest_root()) == Halves([], [])
    monkeypatch.setenv("NOT_CHEST_DIR", "somewhere")
    assert not_chest_root() == Path("somewhere")


@pytest.mark.parametrize("table", [None, "file,label\na.png,hand\n", "file,label,patient,source\na.png,hand\n"])
def test_the_error_for_an_unusable_table_names_its_columns(tmp_path, table):
    if table:
        (tmp_path / LABELS_FILE).write_text(table)
    expected = f"{tmp_path} cannot be used: it must contain labels.csv with the columns file, label, patient, source."
    with pytest.raises(TrainingError, match=f"^{re.escape(expected)}$"):
        load_not_chest(tmp_path)


def test_the_error_for_missing_images_counts_them(tmp_path):
    (tmp_path / LABELS_FILE).write_text("file,label,patient,source\na.png,hand,,s\nb.png,hand,,s\n")
    (tmp_path / "a.png").touch()
    expected = f"{tmp_path} cannot be used: 1 of the 2 images are missing."
    with pytest.raises(TrainingError, match=f"^{re.escape(expected)}$"):
        load_not_chest(tmp_path)


def test_the_error_for_an_unreadable_image_names_it(tmp_path):
    path = tmp_path / "a.png"
    path.touch()
    with pytest.raises(TrainingError, match=f"^{re.escape(str(path))} cannot be read"):
        NotChestImage(path, "hand", "p", "s").read()
