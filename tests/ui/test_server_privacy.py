"""What the server keeps off network and disk, and what its log holds."""

import json
import re
import subprocess
import sys
import zlib

import pytest
from websockets.exceptions import InvalidStatus

from model.limits import MAX_BYTES
from tests.support.browser import ROOT, served
from tests.support.dicom_files import BORN, FILMED, IDENTIFIER, PATIENT, radiograph
from tests.support.isolation import NO_DISK, NO_NETWORK
from tests.support.protocol import Access, Page, Visitor
from tests.support.synthetic import phantom_file

# --- network and disk


def named_in(log: str) -> list[str]:
    """What a log must not hold of the patient of a DICOM file (tests/support/dicom_files.py)."""
    secrets = (*PATIENT.split("^"), IDENTIFIER, IDENTIFIER.removeprefix("PID-"), BORN, FILMED)
    return [secret for secret in secrets if re.search(rf"(?<![a-z]){secret}(?![a-z])", log, re.IGNORECASE)]


_VISIT = """
import json, sys
from pathlib import Path
from tests.support.browser import served
from tests.support.dicom_files import radiograph
from tests.support.protocol import Access, Visitor
from tests.support.synthetic import phantom_file

film = phantom_file()
large = film + bytes(20 * 2**20)  # of the kind that servers like to put down somewhere
with served("app.py", Path(sys.argv[1]), within=sys.argv[2:]) as server, Visitor(Access(server.url)) as visitor:
    pages = [visitor.read("Doe_Ann.png", film), visitor.read("Doe_Bea.png", large), visitor.read("letter.png", b"Dear")]
    pages += [visitor.read("Doe_Ann", radiograph()), visitor.read("Doe_Bea", radiograph() + bytes(20 * 2**20))]
    try:
        with Visitor(Access(server.url), origin="https://elsewhere.example").connect():
            pass
    except Exception:
        pass
print(json.dumps([page.rows[0] for page in pages]))
"""


def visited(log, *outside: str, within: tuple[str, ...] = ()) -> list[dict]:
    """The first row of each page that one visit brings; `outside` limits client and server, `within` the server."""
    command = [*outside, sys.executable, "-c", _VISIT, str(log), *within]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + log.read_text()
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.linux
def test_the_app_reads_with_the_network_cut_off_and_does_not_try_to_reach_it(tmp_path):
    rows = visited(tmp_path / "log.txt", *NO_NETWORK)
    assert [row["status"] for row in rows] == ["read", "read", "refused", "read", "read"]
    log = (tmp_path / "log.txt").read_text()
    assert "Rejecting WebSocket connection" in log  # of another site, which made Streamlit ask for its own address
    assert "external IP" not in log
    assert named_in(log) == []


@pytest.mark.linux
def test_the_app_reads_where_no_file_can_be_written(tmp_path):
    rows = visited(tmp_path / "log.txt", within=NO_DISK)
    assert [row["status"] for row in rows] == ["read", "read", "refused", "read", "read"]
    log = (tmp_path / "log.txt").read_text()
    assert "Error" not in log
    assert named_in(log) == []


# --- the log


def named(name: str) -> bytes:
    """A film that carries a patient's name in its text, as exporters write it."""
    film, text = phantom_file(), b"tEXtPatientName\0" + name.encode()
    chunk = (len(text) - 4).to_bytes(4) + text + zlib.crc32(text).to_bytes(4)
    return film[:33] + chunk + film[33:]


def clinical_files() -> list[bytes]:
    """DICOM of a patient with a name, an identifier and dates: two that are read, then four that are refused."""
    told = {"PatientBirthDate": BORN, "BodyPartExamined": "DOE ANN", "ImageComments": IDENTIFIER}
    whole = radiograph(**told, WindowCenter="128", WindowWidth="256", WindowCenterWidthExplanation=PATIENT)
    damaged = radiograph(**told, PixelData=bytes(9))
    return [whole, radiograph(), radiograph(**told, Modality="CT"), damaged, whole[:-5000], whole[:300]]


def test_the_log_of_a_day_names_no_file_no_patient_and_no_identifier(tmp_path):
    names = [f"{who}_1961-03-04_MRN{number}.png" for number, who in enumerate(["Quux^Ann", "Quux Bea", "Quüx"], 471100)]
    with served("app.py", tmp_path / "log.txt") as server:
        with Visitor(Access(server.url)) as visitor:
            pages: list[Page] = [visitor.read(name, named("Quux^Ann")) for name in names]
            pages += [visitor.read(f"{PATIENT}_{IDENTIFIER}", file) for file in clinical_files()]
            pages.append(visitor.read("Quux_letter.pdf", b"%PDF-1.7 Quux, Ann, MRN471100"))
            pages.append(visitor.read("Quux_broken.png", named("Quux^Ann")[:-40]))
            answers = [
                visitor.upload("Quux_large.png", bytes(MAX_BYTES + 2**21)),
                visitor.upload("Quux_wrong.png", b"Quux", token="2|0|0|0"),  # noqa: S106 (is wrong)
            ]
            visitor.say("Quux, Ann")
        with pytest.raises(InvalidStatus), Visitor(Access(server.url), origin="https://elsewhere.example").connect():
            pass
    assert [page.rows[0]["status"] for page in pages] == ["read"] * 5 + ["refused"] * 6
    assert [answer.status_code for answer in answers] == [413, 403]
    log = (tmp_path / "log.txt").read_text()
    assert "Rejecting WebSocket connection" in log  # the log is the one that was written
    assert not re.search(r"qu[uü]x|\bann\b|MRN|4711|1961|\.png|\.pdf|letter", log, re.IGNORECASE)
    assert named_in(log) == []
