"""The child process that reads DICOM: what it gives back, its limits, how many there are, and what is left of them."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pydicom.uid import ImplicitVRLittleEndian

from model.errors import WrongModality
from model.imaging.decode import decode
from model.imaging.dicom import sandbox
from model.imaging.dicom.read import read_dicom
from model.limits import DICOM_AT_ONCE
from tests.support.browser import ROOT
from tests.support.dicom_files import without_meta
from tests.support.sandbox_files import DEEP, film


def test_the_child_gives_back_what_it_has_read():
    file = film(WindowCenter=["100", "2000"], WindowWidth=["50", "4000"], ImagerPixelSpacing=["0.2", "0.2"])
    for window in (0, 1):
        expected, given_back = read_dicom(file, window), decode(file, window)
        np.testing.assert_array_equal(given_back.pixels, expected.pixels)
        assert given_back.pixels.flags["C_CONTIGUOUS"]
        assert given_back.pixels.flags["ALIGNED"]
        assert given_back.metadata == expected.metadata
        assert (given_back.source_format, given_back.bits) == ("DICOM", 12)


def test_the_program_itself_imports_no_parser_of_dicom(tmp_path):
    (tmp_path / "film").write_bytes(film())
    program = (
        "import pathlib, sys\nfrom model.imaging.decode import decode\ndecode(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "print([name for name in ('pydicom', 'gdcm', '_gdcm') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "film")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


def test_a_refusal_comes_back_as_it_was_said():
    with pytest.raises(WrongModality, match=r"^This is a CT image, as the file says, which is not read\."):
        decode(film(Modality="CT"))


@pytest.mark.parametrize(
    "file",
    [
        film(),
        without_meta(film(ImplicitVRLittleEndian)),
        without_meta(film()),
        b"II*\0" + film()[4:],  # also a TIFF, by its preamble
    ],
    ids=["preamble", "bare, implicit", "bare, explicit", "TIFF preamble"],
)
def test_a_dicom_file_is_known_by_its_content(file):
    assert decode(file).source_format == "DICOM"


# --- limits


def limited(program: str) -> subprocess.CompletedProcess:
    """Run a program under the child's limits: 600 MB of memory, one second of processor time."""
    code = f"from model.imaging.dicom.worker import limit\nlimit(600 * 2**20, 1)\n{program}"
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: other systems limit less")
def test_memory_time_and_files_of_the_child_are_limited(tmp_path):
    assert b"MemoryError" in limited("bytearray(2**30)").stderr
    assert limited("while True: pass").returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    assert b"File too large" in limited(f"open({str(tmp_path / 'file')!r}, 'wb', buffering=0).write(b'a')").stderr


# --- how many, and what is left


def test_two_files_are_decoded_at_once_and_no_more(monkeypatch):
    busy, most, lock = 0, 0, threading.Lock()
    real = sandbox._ask

    def asked(*given: object) -> bytes:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        try:
            time.sleep(0.1)
            return real(*given)
        finally:
            with lock:
                busy -= 1

    monkeypatch.setattr(sandbox, "_ask", asked)
    files = [film(Rows=rows, PixelData=DEEP[:rows].tobytes()) for rows in range(40, 48)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(decode, files))
    assert [picture.height for picture in read] == list(range(40, 48))
    assert most == DICOM_AT_ONCE == 2


def test_each_file_has_a_child_of_its_own_and_one_waits_for_the_next():
    decode(film())
    (first,) = sandbox._waiting
    decode(film())
    (second,) = sandbox._waiting
    assert first.pid != second.pid
    assert first.poll() is not None
    assert second.poll() is None


def test_a_child_that_has_died_while_waiting_is_replaced():
    decode(film())
    sandbox._waiting[0].kill()
    sandbox._waiting[0].wait()
    assert decode(film()).width == 80


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), 9)"], ids=["returns", "is killed"])
def test_the_waiting_child_ends_with_the_program(end, tmp_path):
    (tmp_path / "film").write_bytes(film())
    program = (
        "import os, pathlib, sys\nfrom model import sandbox\nfrom model.imaging.decode import decode\n"
        f"decode(pathlib.Path(sys.argv[1]).read_bytes())\nprint(sandbox._waiting[0].pid, flush=True)\n{end}"
    )
    command = [sys.executable, "-W", "error", "-c", program, str(tmp_path / "film")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.stderr == b""
    pid = int(done.stdout)
    for _ in range(100):
        if not alive(pid):
            return
        time.sleep(0.1)
    pytest.fail("the child outlived the program")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
