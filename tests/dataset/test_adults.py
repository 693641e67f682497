"""Index of the adult radiographs: test patients, boxes, and errors for missing or malformed files."""

from pathlib import Path

import pytest

from dataset.adult_tables import BOX_SIDE, BOXES_FILE, LABELS_FILE, LUNG_BOXES_FILE
from dataset.adults import APPEARANCES, DEFAULT_ADULT_ROOT, adult_root, load_adult_index
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
LUNG_BOXES = """\
file,x,y,width,height
normal/clear.jpg,32,64,192,128
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
    assert {record.cause for record in records} <= set(APPEARANCES)
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


def test_lung_boxes_are_read_if_their_table_exists(folder):
    assert [record.lung_box for record in load_adult_index(folder)] == [None] * 4
    (folder / LUNG_BOXES_FILE).write_text(LUNG_BOXES)

    assert [record.lung_box for record in load_adult_index(folder)] == [
        None,
        None,
        RelativeBox(0.125, 0.25, 0.875, 0.75),
        None,
    ]


def test_other_files_columns_and_boxes_are_ignored(folder):
    expected = load_adult_index(folder)
    (folder / "normal" / "other.jpg").touch()
    (folder / "notes.txt").touch()
    with (folder / BOXES_FILE).open("a") as file:
        file.write("pneumonia/not listed.jpg,1,1,9,9\n")
    labels = [f"{line},{more}" for line, more in zip(LABELS.splitlines(), ("site", 1, 2, 3, 4), strict=True)]
    (folder / LABELS_FILE).write_text("\n".join(labels), encoding="utf-8-sig")  # as spreadsheet programs save it

    assert load_adult_index(folder) == expected


@pytest.mark.parametrize("name", [LABELS_FILE, BOXES_FILE])
def test_a_missing_table_is_an_error(folder, name):
    (folder / name).unlink()

    with raises_message(DatasetUnusable, MessageCode.ADULT_DATASET_UNUSABLE, folder=str(folder), table=name):
        load_adult_index(folder)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0", b"file," + b"x" * 200_000])  # longer than csv accepts
@pytest.mark.parametrize("name", [LABELS_FILE, BOXES_FILE, LUNG_BOXES_FILE])
def test_a_table_that_is_not_a_csv_file_is_an_error(folder, name, content):
    (folder / name).write_bytes(content)

    with raises_message(DatasetUnusable, MessageCode.ADULT_DATASET_UNUSABLE, folder=str(folder), table=name):
        load_adult_index(folder)


@pytest.mark.parametrize(
    ("name", "header", "columns"),
    [
        (LABELS_FILE, "", "file, label, appearance, patient, test"),
        (LABELS_FILE, "file,label,appearance,person,test", "patient"),
        (BOXES_FILE, "file;x;y;width;height", "file, x, y, width, height"),
        (LUNG_BOXES_FILE, "file,x,y", "width, height"),
    ],
)
def test_missing_columns_are_an_error_that_lists_them(folder, name, header, columns):
    (folder / name).write_text(header)

    code = MessageCode.ADULT_COLUMNS_MISSING
    with raises_message(DatasetUnusable, code, folder=str(folder), table=name, columns=columns):
        load_adult_index(folder)


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "line", "column"),
    [
        ("jpg,normal,Negative for Pneumonia,p3", "jpg,unknown,Negative for Pneumonia,p3", 4, "label"),
        ("Atypical", "Some", 3, "appearance"),
        ("Atypical Appearance", "Negative for Pneumonia", 3, "appearance"),
        ("p1,s1,0", "p1,s1,yes", 2, "test"),
        ("p1,s1,0", ",s1,0", 2, "patient"),
        ("normal/clear.jpg", "normal/../clear.jpg", 4, "file"),
        ("normal/clear.jpg", "/normal/clear.jpg", 4, "file"),
        ("normal/clear.jpg", "pneumonia/clear.jpg", 4, "file"),
        ("normal/clear.jpg", "normal/", 4, "file"),
        ("normal/held_out.jpg", "normal/clear.jpg", 5, "file"),
    ],
)
def test_an_unexpected_value_is_an_error_that_names_line_and_column(folder, old, new, line, column):
    replace_in(folder / LABELS_FILE, old, new)

    code = MessageCode.ADULT_LABEL_INVALID
    with raises_message(DatasetUnusable, code, folder=str(folder), line=line, column=column):
        load_adult_index(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [(LABELS_FILE, "p1,s1,0", "p1", 2), (BOXES_FILE, "64,32,128,64", "64,32,128", 2)],
)
def test_a_row_that_is_too_short_is_an_error_that_names_its_line(folder, name, old, new, line):
    replace_in(folder / name, old, new)

    code = MessageCode.ADULT_ROW_TOO_SHORT
    with raises_message(DatasetUnusable, code, folder=str(folder), table=name, line=line):
        load_adult_index(folder)


@pytest.mark.parametrize(
    "numbers", ["left,32,8,8", "nan,32,8,8", "inf,32,8,8", "64,32,0,64", "64,32,9,-6", "300,3,9,9"]
)
@pytest.mark.parametrize("name", [BOXES_FILE, LUNG_BOXES_FILE])
def test_a_box_that_is_empty_or_outside_the_image_is_an_error_that_names_its_line(folder, name, numbers):
    (folder / name).write_text(f"{BOXES}pneumonia/boxed.jpg,{numbers}\n")

    code = MessageCode.ADULT_BOX_INVALID
    with raises_message(DatasetUnusable, code, folder=str(folder), table=name, line=4, side=BOX_SIDE):
        load_adult_index(folder)


def test_a_table_without_images_is_an_error(folder):
    (folder / LABELS_FILE).write_text(LABELS.splitlines()[0])

    with raises_message(DatasetUnusable, MessageCode.ADULT_DATASET_EMPTY, folder=str(folder)):
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
