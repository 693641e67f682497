"""`python -m model read`: which files it reads, in which order, and which it refuses."""

from pathlib import Path

from model.batch import file_reader
from model.imaging.decode import decode
from model.limits import MAX_BYTES
from tests.support.model_cli import one_reader, open_gate, read, scans_of_all_sorts  # noqa: F401 (fixtures)


def test_folders_are_read_sorted_with_all_below_and_hidden_files_passed_over(scans, capsys):
    _, rows = read(capsys, scans)
    assert [row["path"] for row in rows] == [
        str(scans / name)
        for name in ("a.jpg", "b.png", "ward/empty.png", "ward/no picture.png", "ward/really a picture.txt")
    ]


def test_files_are_known_by_their_content_and_never_by_their_name(scans, capsys):
    _, rows = read(capsys, scans)
    assert [row["status"] for row in rows] == ["read", "read", "refused", "refused", "read"]


def test_what_is_named_is_read_in_the_order_named_even_if_hidden(scans, capsys):
    status, rows = read(capsys, scans / "b.png", scans / "ward" / ".hidden.png", scans / "a.jpg")
    assert [row["path"] for row in rows] == [str(scans / name) for name in ("b.png", "ward/.hidden.png", "a.jpg")]
    assert status == 0


def test_a_refused_file_has_its_reason_and_does_not_stop_the_rest(scans, capsys):
    status, rows = read(capsys, scans / "ward")

    assert status == 3
    assert [row["reason_code"] for row in rows] == ["unreadable", "unsupported_format", ""]
    assert rows[0]["reason"].startswith("This file is empty. ")
    assert rows[1]["reason"].startswith("This is another kind of file, which is not read. ")
    assert rows[2]["status"] == "read"


def test_a_file_that_cannot_be_opened_is_refused(scans, capsys, monkeypatch):
    opened = Path.open

    def locked(path, *arguments, **options):
        if path == scans / "b.png":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", locked)
    status, rows = read(capsys, scans / "b.png")
    assert status == 3
    assert rows[0]["reason_code"] == "unreadable"
    assert rows[0]["reason"] == "The file cannot be opened (Permission denied). Check that you may read it."


def test_of_a_huge_file_no_more_is_read_than_tells_that_it_is_too_large(tmp_path, capsys, monkeypatch):
    huge = tmp_path / "film.png"
    with huge.open("wb") as file:
        file.truncate(2**40)  # a hole: it takes no room on the disk
    seen = []
    monkeypatch.setattr(file_reader, "decode", lambda content: seen.append(len(content)) or decode(content))
    status, rows = read(capsys, huge)
    assert (status, rows[0]["reason_code"]) == (3, "too_large")
    assert seen == [MAX_BYTES + 1]


def test_an_empty_folder_gives_no_rows(tmp_path, capsys):
    assert read(capsys, tmp_path) == (0, [])
