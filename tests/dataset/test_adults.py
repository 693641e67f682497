"""Index of the adult radiographs: test patients, opacity boxes, and errors for missing or malformed files."""

from pathlib import Path

import pytest

from dataset.adults import BOX_SIDE, BOXES_FILE, DEFAULT_ADULT_ROOT, LABELS_FILE, adult_root, load_adult_index
from dataset.errors import DatasetUnusable
from dataset.split import split
from model.codes import Label, Population
from model.imaging.geometry import RelativeBox
from model.messages import MessageCode
from tests.support.messages import raises_message

LABELS = """\
file,label,appearance,patient,study,test
pneumonia/boxed.jpg,pneumonia,Typical Appearance,p1,s1,0
pneumonia/unboxed.jpg,pneumonia,Atypical Appearance,p2,s2,0
normal/clear.jpg,normal,Negative for Pneumonia,p3,s3,0
normal/held_out.jpg,normal,Negative for Pneumonia,p4,s4,1
"""
BOXES = """\
file,x,y,width,height
pneumonia/boxed.jpg,64,32,128,64
pneumonia/boxed.jpg,-0.2,0,16,256
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """An adult data set whose images are empty files, because the index does not open them."""
    for row in LABELS.splitlines()[1:]:
        path = tmp_path / row.split(",")[0]
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / LABELS_FILE).write_text(LABELS)
    (tmp_path / BOXES_FILE).write_text(BOXES)
    return tmp_path


def test_records_are_in_the_order_of_the_table_with_patient_and_appearance(folder):
    records = load_adult_index(folder)

    assert [record.path.relative_to(folder).as_posix() for record in records] == [
        row.split(",")[0] for row in LABELS.splitlines()[1:]
    ]
    first = records[0]
    assert (first.label, first.target, first.population) == (Label.PNEUMONIA, 1, Population.ADULTS)
    assert (first.patient, first.group, first.cause) == ("p1", "p1", "Typical Appearance")
    assert first.relative_path == "adults/pneumonia/boxed.jpg"


def test_patients_with_test_1_are_the_test_split(folder):
    parts = split(load_adult_index(folder))

    assert [record.path.stem for record in parts.test] == ["held_out"]
    assert len(parts.training) + len(parts.validation) == 3


def test_boxes_are_relative_and_clipped_to_the_image(folder):
    boxed, _, clear, _ = load_adult_index(folder)

    assert BOX_SIDE == 256
    assert boxed.opacities == (RelativeBox(0.25, 0.125, 0.75, 0.375), RelativeBox(0.0, 0.0, 15.8 / 256, 1.0))
    assert clear.opacities == ()


def test_pneumonia_without_a_box_is_not_annotated(folder):
    assert load_adult_index(folder)[1].opacities is None


@pytest.mark.parametrize("name", [LABELS_FILE, BOXES_FILE])
def test_a_missing_table_is_an_error(folder, name):
    (folder / name).unlink()

    with raises_message(DatasetUnusable, MessageCode.ADULT_DATASET_UNUSABLE, folder=str(folder)):
        load_adult_index(folder)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (LABELS_FILE, "patient", "person"),
        (LABELS_FILE, "jpg,normal", "jpg,unknown"),
        (LABELS_FILE, "p1,s1,0", "p1,s1,yes"),
        (LABELS_FILE, "p1,s1,0", "p1,s1"),
        (LABELS_FILE, "p1,s1,0", "p1"),
        (LABELS_FILE, "normal/clear.jpg,normal", "normal/clear.jpg"),
        (LABELS_FILE, "Typical", "\x00" + "x" * 200_000),  # longer than the csv module accepts
        (BOXES_FILE, "width", "columns"),
        (BOXES_FILE, "64,32", "left,32"),
        (BOXES_FILE, "64,32", "nan,32"),
        (BOXES_FILE, "64,32", "inf,32"),
        (BOXES_FILE, "64,32,128,64", "64,32,128"),
        (BOXES_FILE, "64,32,128,64", "64,32,0,64"),
        (BOXES_FILE, "64,32,128,64", "64,32,128,-64"),
        (BOXES_FILE, "64,32,128,64", "300,32,128,64"),
    ],
)
def test_a_malformed_table_is_an_error(folder, name, old, new):
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))

    with raises_message(DatasetUnusable, MessageCode.ADULT_DATASET_UNUSABLE, folder=str(folder)):
        load_adult_index(folder)


@pytest.mark.parametrize("name", [LABELS_FILE, BOXES_FILE])
def test_a_table_that_is_not_text_is_an_error(folder, name):
    (folder / name).write_bytes(b"\xff\xd8\xff\xe0")

    with raises_message(DatasetUnusable, MessageCode.ADULT_DATASET_UNUSABLE, folder=str(folder)):
        load_adult_index(folder)


def test_a_missing_image_is_an_error(folder):
    (folder / "pneumonia" / "unboxed.jpg").unlink()

    file = "adults/pneumonia/unboxed.jpg"
    with raises_message(DatasetUnusable, MessageCode.ADULT_IMAGE_MISSING, folder=str(folder), file=file):
        load_adult_index(folder)


def test_the_folder_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("ADULT_XRAY_DIR", str(tmp_path))
    assert adult_root() == tmp_path

    monkeypatch.setenv("ADULT_XRAY_DIR", "")
    assert adult_root() == DEFAULT_ADULT_ROOT
