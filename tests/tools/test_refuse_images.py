"""The pre-commit hook that keeps images of patients out of the repository."""

import pytest

from tests.support.dicom_files import dicom_file
from tests.support.synthetic import phantom_file
from tools.refuse_images import main


@pytest.fixture(autouse=True)
def in_an_empty_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()


@pytest.mark.parametrize("name", ["xray.png", "xray", "notes.txt"])
@pytest.mark.parametrize("content", [phantom_file(), dicom_file(), b"GIF89a", b"\xff\xd8\xff\xe0"])
def test_an_image_is_refused_whatever_its_name(name, content, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert main([name]) == 1
    assert capsys.readouterr().out.startswith(f"{name}: ")


@pytest.mark.parametrize("content", [b"", b"import sys\n", b"# Title\n", b"PK\x03\x04", b"{}\n"])
def test_other_files_are_accepted(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    assert main(["file"]) == 0


def test_images_in_docs_are_accepted(tmp_path):
    (tmp_path / "docs" / "page.png").write_bytes(phantom_file())
    assert main(["docs/page.png"]) == 0
