"""The server does not use network or disk, and its log holds no patient data."""

import json
import re
import subprocess
import sys
import zlib

import pytest
from websockets.exceptions import InvalidStatus

from model.limits import MAX_BYTES
from tests.support.browser import ROOT, serve
from tests.support.dicom_files import BIRTH_DATE, PATIENT_ID, PATIENT_NAME, STUDY_DATE, dicom_file
from tests.support.isolation import NO_DISK, NO_NETWORK
from tests.support.protocol import Access, Page, Visitor
from tests.support.synthetic import phantom_file

pytestmark = pytest.mark.slow

# --- network and disk


def patient_data_in(log: str) -> list[str]:
    """Return the patient data from tests/support/dicom_files.py that a log contains."""
    secrets = (*PATIENT_NAME.split("^"), PATIENT_ID, PATIENT_ID.removeprefix("PID-"), BIRTH_DATE, STUDY_DATE)
    return [secret for secret in secrets if re.search(rf"(?<![a-z]){secret}(?![a-z])", log, re.IGNORECASE)]


_VISIT = """
import json, sys
from pathlib import Path
from tests.support.browser import serve
from tests.support.dicom_files import dicom_file
from tests.support.protocol import Access, Visitor
from tests.support.synthetic import phantom_file

image = phantom_file()
large = image + bytes(20 * 2**20)  # large enough for a temporary file
with serve("serve.py", Path(sys.argv[1]), command_prefix=sys.argv[2:]) as server:
    # Before any page has run: a tab of another site, and one that was left open while the server restarted.
    try:
        with Visitor(Access(server.url), origin="https://elsewhere.example").connect():
            pass
    except Exception:
        pass
    with Visitor(Access(server.url), runs_page=False) as visitor:
        visitor.upload("Doe_Ann.png", large).raise_for_status()
    with Visitor(Access(server.url)) as visitor:
        pages = [visitor.read("Doe_Ann.png", image), visitor.read("Doe_Bea.png", large)]
        pages += [visitor.read("letter.png", b"Dear"), visitor.read("Doe_Ann", dicom_file())]
        pages += [visitor.read("Doe_Bea", dicom_file() + bytes(20 * 2**20))]
print(json.dumps([page.rows[0] for page in pages]))
"""


def visit(log, *limit: str, server_limit: tuple[str, ...] = ()) -> list[dict]:
    """Return the first row of each page of a visit.

    Args:
        log: File for the log of the server.
        limit: Command prefix that limits client and server.
        server_limit: Command prefix that limits the server only.
    """
    command = [*limit, sys.executable, "-c", _VISIT, str(log), *server_limit]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr + log.read_text()
    return json.loads(process.stdout.splitlines()[-1])


@pytest.mark.linux
def test_the_app_works_without_network_and_does_not_try_to_use_it(tmp_path):
    # On all addresses, as in the container: without a configured name, Streamlit would look up its address to print it.
    rows = visit(tmp_path / "log.txt", *NO_NETWORK, "env", "STREAMLIT_SERVER_ADDRESS=0.0.0.0")
    assert [row["status"] for row in rows] == ["read", "read", "refused", "read", "read"]
    log = (tmp_path / "log.txt").read_text()
    assert "Rejecting WebSocket connection" in log  # Streamlit would look up its own address here
    assert "external IP" not in log
    assert patient_data_in(log) == []


@pytest.mark.linux
def test_the_app_works_if_no_file_can_be_written(tmp_path):
    rows = visit(tmp_path / "log.txt", server_limit=NO_DISK)
    assert [row["status"] for row in rows] == ["read", "read", "refused", "read", "read"]
    log = (tmp_path / "log.txt").read_text()
    assert "Error" not in log
    assert patient_data_in(log) == []


# --- the log


def png_with_name(name: str) -> bytes:
    """Return a PNG with a patient's name in a text chunk, as exporters write it."""
    content, text = phantom_file(), b"tEXtPatientName\0" + name.encode()
    chunk = (len(text) - 4).to_bytes(4) + text + zlib.crc32(text).to_bytes(4)
    return content[:33] + chunk + content[33:]


def dicom_files() -> list[bytes]:
    """Return DICOM files with patient data: two that are read, then four that are refused."""
    tags = {"PatientBirthDate": BIRTH_DATE, "BodyPartExamined": "DOE ANN", "ImageComments": PATIENT_ID}
    complete = dicom_file(**tags, WindowCenter="128", WindowWidth="256", WindowCenterWidthExplanation=PATIENT_NAME)
    damaged = dicom_file(**tags, PixelData=bytes(9))
    return [complete, dicom_file(), dicom_file(**tags, Modality="CT"), damaged, complete[:-5000], complete[:300]]


def test_the_log_holds_no_file_names_and_no_patient_data(tmp_path):
    names = [
        f"{patient}_1961-03-04_MRN{number}.png"
        for number, patient in enumerate(["Quux^Ann", "Quux Bea", "Quüx"], 471100)
    ]
    with serve("serve.py", tmp_path / "log.txt") as server:
        with Visitor(Access(server.url)) as visitor:
            pages: list[Page] = [visitor.read(name, png_with_name("Quux^Ann")) for name in names]
            pages += [visitor.read(f"{PATIENT_NAME}_{PATIENT_ID}", file) for file in dicom_files()]
            pages.append(visitor.read("Quux_letter.pdf", b"%PDF-1.7 Quux, Ann, MRN471100"))
            pages.append(visitor.read("Quux_broken.png", png_with_name("Quux^Ann")[:-40]))
            responses = [
                visitor.upload("Quux_large.png", bytes(MAX_BYTES + 2**21)),
                visitor.upload("Quux_wrong.png", b"Quux", token="2|0|0|0"),  # noqa: S106 (is invalid)
            ]
            visitor.send_text("Quux, Ann")
        with pytest.raises(InvalidStatus), Visitor(Access(server.url), origin="https://elsewhere.example").connect():
            pass
    assert [page.rows[0]["status"] for page in pages] == ["read"] * 5 + ["refused"] * 6
    assert [response.status_code for response in responses] == [413, 403]
    log = (tmp_path / "log.txt").read_text()
    assert "Rejecting WebSocket connection" in log  # it is the log of this server
    assert not re.search(r"qu[uü]x|\bann\b|MRN|4711|1961|\.png|\.pdf|letter", log, re.IGNORECASE)
    assert patient_data_in(log) == []
