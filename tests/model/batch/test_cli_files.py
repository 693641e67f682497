"""`python -m model read`: which files it reads and in which order, and which files it refuses."""

from pathlib import Path

import pytest

from model.batch import file_reader
from model.imaging.decode import decode
from model.limits import MAX_BYTES
from model.messages import Message, MessageCode
from model.sentences import render, render_codes
from tests.support.model_cli import read

pytestmark = pytest.mark.usefixtures("shared_classifier", "open_gate")


def test_a_folder_is_read_sorted_with_its_subfolders_and_without_hidden_files(scans, capsys):
    _, rows = read(capsys, scans)
    assert [row["path"] for row in rows] == [
        str(scans / name)
        for name in ("a.jpg", "b.png", "ward/empty.png", "ward/not an image.png", "ward/really an image.txt")
    ]


def test_files_are_recognised_by_content_and_not_by_name(scans, capsys):
    _, rows = read(capsys, scans)
    assert [row["status"] for row in rows] == ["read", "read", "refused", "refused", "read"]


def test_given_files_are_read_in_the_given_order_even_if_hidden(scans, capsys):
    status, rows = read(capsys, scans / "b.png", scans / "ward" / ".hidden.png", scans / "a.jpg")
    assert [row["path"] for row in rows] == [str(scans / name) for name in ("b.png", "ward/.hidden.png", "a.jpg")]
    assert status == 0


def test_a_refused_file_has_a_reason_and_does_not_stop_the_others(scans, capsys):
    status, rows = read(capsys, scans / "ward")

    assert status == 3
    assert [row["reason_code"] for row in rows] == ["unreadable", "unsupported_format", ""]
    assert rows[0]["reason"] == render_codes([MessageCode.EMPTY_FILE])
    assert rows[1]["reason"] == render([Message(MessageCode.OTHER_FORMAT, {"file_format": "unknown"})])
    assert rows[2]["status"] == "read"


def test_a_file_that_cannot_be_opened_is_refused(scans, capsys, monkeypatch):
    real_open = Path.open

    def open_or_deny(path, *arguments, **options):
        if path == scans / "b.png":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", open_or_deny)
    status, rows = read(capsys, scans / "b.png")
    assert status == 3
    assert rows[0]["reason_code"] == "unreadable"
    assert rows[0]["reason"] == render([Message(MessageCode.FILE_NOT_OPENED, {"reason": "Permission denied"})])


def test_a_file_above_the_size_limit_is_not_read_completely(tmp_path, capsys, monkeypatch):
    huge_file = tmp_path / "huge.png"
    with huge_file.open("wb") as file:
        file.truncate(2**40)  # a sparse file, which takes no space on the disk
    sizes = []
    monkeypatch.setattr(file_reader, "decode", lambda content: sizes.append(len(content)) or decode(content))
    status, rows = read(capsys, huge_file)
    assert (status, rows[0]["reason_code"]) == (3, "too_large")
    assert sizes == [MAX_BYTES + 1]
