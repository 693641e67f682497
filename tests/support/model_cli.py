"""`python -m model read` in the tests' own process, and a folder of files for it."""

import json

import pytest

from model.batch import cli, file_reader
from tests.support.gates import OpenGate
from tests.support.synthetic import synthetic_file


@pytest.fixture(autouse=True)
def one_reader(reader, monkeypatch):
    """The network is opened once for all tests that run in this process."""
    monkeypatch.setattr(file_reader, "Reader", lambda release: reader)  # noqa: ARG005


@pytest.fixture(autouse=True)
def open_gate(monkeypatch):
    """Drawn pictures are let in; what is refused is for the tests of the gate."""
    monkeypatch.setattr(file_reader, "Gate", OpenGate)


@pytest.fixture(name="scans")
def scans_of_all_sorts(tmp_path):
    """A folder of pictures of all sorts, of hidden ones, and of files that are none."""
    files = {
        "b.png": synthetic_file(),
        "a.jpg": synthetic_file("JPEG", 120, 90),
        "ward/really a picture.txt": synthetic_file(height=64, width=48),
        "ward/no picture.png": b"Dear colleague,",
        "ward/empty.png": b"",
        "ward/.hidden.png": synthetic_file(),
        ".thumbnails/b.png": synthetic_file(),
    }
    for name, content in files.items():
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / name).write_bytes(content)
    return tmp_path / "scans"


def read(capsys, *arguments) -> tuple[int, list[dict]]:
    """Exit status, and the rows as JSON."""
    status = cli.main(["read", *map(str, arguments)])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def wrong_usage(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(map(str, arguments)))
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err
