"""Child processes that read DICOM: answers, number and end."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pydicom.uid import ImplicitVRLittleEndian

from model.errors import WrongModality
from model.imaging.decode import decode
from model.imaging.dicom import sandbox
from model.imaging.dicom.read import read_dicom
from model.limits import DICOM_AT_ONCE
from model.messages import MessageCode
from tests.support.browser import ROOT
from tests.support.dicom_files import without_file_meta
from tests.support.messages import raises_message
from tests.support.processes import is_running
from tests.support.sandbox_files import TWELVE_BIT_PIXELS, small_dicom_file
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


def test_the_radiograph_of_the_child_arrives_unchanged():
    file = small_dicom_file(WindowCenter=["100", "2000"], WindowWidth=["50", "4000"], ImagerPixelSpacing=["0.2", "0.2"])
    for window in (0, 1):
        expected, received = read_dicom(file, window), decode(file, window)
        np.testing.assert_array_equal(received.pixels, expected.pixels)
        assert received.pixels.flags["C_CONTIGUOUS"]
        assert received.pixels.flags["ALIGNED"]
        assert received.metadata == expected.metadata
        assert (received.source_format, received.bits) == ("DICOM", 12)


def test_the_parent_process_imports_no_dicom_parser(tmp_path):
    (tmp_path / "file").write_bytes(small_dicom_file())
    program = (
        "import pathlib, sys\nfrom model.imaging.decode import decode\ndecode(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "print([name for name in ('pydicom', 'gdcm', '_gdcm') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "file")]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert completed.stdout.decode().strip() == "[]"


def test_a_refusal_of_the_child_arrives_unchanged():
    with raises_message(WrongModality, MessageCode.OTHER_MODALITY, modality="CT"):
        decode(small_dicom_file(Modality="CT"))


@pytest.mark.parametrize(
    "file",
    [
        small_dicom_file(),
        without_file_meta(small_dicom_file(ImplicitVRLittleEndian)),
        without_file_meta(small_dicom_file()),
        b"II*\0" + small_dicom_file()[4:],  # also a TIFF, by its preamble
    ],
    ids=["preamble", "bare, implicit", "bare, explicit", "TIFF preamble"],
)
def test_a_dicom_file_is_recognised_by_its_content(file):
    assert decode(file).source_format == "DICOM"


# --- number and end of the child processes


def test_at_most_two_files_are_decoded_at_once(monkeypatch):
    busy, max_busy, lock, too_many = 0, 0, threading.Lock(), threading.Event()
    original_ask = sandbox._ask

    def ask(*arguments: object) -> bytes:
        nonlocal busy, max_busy
        with lock:
            busy += 1
            max_busy = max(max_busy, busy)
            if busy > DICOM_AT_ONCE:
                too_many.set()
        try:
            too_many.wait(0.1)
            return original_ask(*arguments)
        finally:
            with lock:
                busy -= 1

    monkeypatch.setattr(sandbox, "_ask", ask)
    files = [small_dicom_file(Rows=rows, PixelData=TWELVE_BIT_PIXELS[:rows].tobytes()) for rows in range(40, 48)]
    with ThreadPoolExecutor(8) as pool:
        radiographs = list(pool.map(decode, files))
    assert [radiograph.height for radiograph in radiographs] == list(range(40, 48))
    assert max_busy == DICOM_AT_ONCE == 2


def test_each_file_has_its_own_child_and_one_more_waits_for_the_next():
    decode(small_dicom_file())
    (first,) = sandbox._idle_children
    decode(small_dicom_file())
    (second,) = sandbox._idle_children
    assert first.pid != second.pid
    assert first.poll() is not None
    assert second.poll() is None


def test_an_idle_child_that_has_died_is_replaced():
    decode(small_dicom_file())
    sandbox._idle_children[0].kill()
    sandbox._idle_children[0].wait()
    assert decode(small_dicom_file()).width == 80


@pytest.mark.parametrize("last_line", ["", "os.kill(os.getpid(), 9)"], ids=["returns", "is killed"])
def test_the_idle_child_ends_with_the_program(last_line, tmp_path):
    (tmp_path / "file").write_bytes(small_dicom_file())
    program = (
        "import os, pathlib, sys\nfrom model.imaging.dicom import sandbox\nfrom model.imaging.decode import decode\n"
        f"decode(pathlib.Path(sys.argv[1]).read_bytes())\nprint(sandbox._idle_children[0].pid, flush=True)\n{last_line}"
    )
    command = [sys.executable, "-W", "error", "-c", program, str(tmp_path / "file")]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert completed.stderr == b""
    pid = int(completed.stdout)
    wait_until(lambda: not is_running(pid), "the child has ended with the program")
