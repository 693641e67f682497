"""The processes that help to read: what they answer, what they leave, how many there are, and how they end."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest

from model.batch import worker as helper_child
from model.batch import worker_pool as helper
from model.batch.file_reader import FileReader, ReadOptions
from model.batch.worker_pool import WorkerProcess, worker_pool
from model.errors import ReleaseIncompatible, WorkerLost
from model.inference.finding_rows import to_csv, to_jsonl
from model.inference.release_loader import RELEASE_DIR
from tests.support.browser import ROOT
from tests.support.sandbox_files import film
from tests.support.synthetic import phantom_file, synthetic_file

LOST = (
    "^One of the processes that read the files was ended from outside, most likely because memory ran out. The rows so "
    "far are complete. Close other programs, or name fewer files at a time, and start the same command again.$"
)
FILES = {
    "film.png": phantom_file(),
    "film.jpg": phantom_file("JPEG", 224, 224, 1),
    "not admitted.png": synthetic_file(height=70, width=90),
    "small.png": synthetic_file(height=8, width=8),
    "broken.jpg": phantom_file("JPEG", 224, 224)[:2000],
    "empty.png": b"",
    "letter.png": b"Dear colleague,",
}


@pytest.fixture
def films(tmp_path, monkeypatch) -> list[Path]:
    """Files of all sorts, in the folder that the program runs in."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return [*map(Path, FILES), Path("absent.png")]


@pytest.fixture
def started():
    """Start a helper that is ended after the test: `started(read_despite_refusal=True)`."""
    running: list[WorkerProcess] = []

    def start(**asked: object) -> WorkerProcess:
        running.append(WorkerProcess(ReadOptions(RELEASE_DIR, **asked)))
        return running[-1]

    yield start
    for one in running:
        one.kill()


@pytest.mark.parametrize(
    "asked", [{}, {"read_anyway": True, "prevalence": 0.123456789, "operating_point": "rule-out"}], ids=["plain", "all"]
)
def test_a_helpers_rows_are_those_of_this_process_byte_for_byte(films, started, asked):
    reader = FileReader(ReadOptions(RELEASE_DIR, **asked))
    here = [reader.read([path])[0].row for path in films]
    there = list(started(**asked).read(films))
    assert [to_jsonl(row) for row in there] == [to_jsonl(row) for row in here]
    assert to_csv(there) == to_csv(here)
    assert len({row["reason_code"] for row in here}) >= 4


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all names are Unicode")
def test_a_name_that_is_no_text_goes_to_a_helper_and_back(tmp_path, monkeypatch, started):
    name = Path(os.fsdecode(b"r\xf6ntgen.png"))
    monkeypatch.chdir(tmp_path)
    name.write_bytes(phantom_file())
    (row,) = started().read([name])
    assert (row["path"], row["status"]) == (str(name), "read")


def test_dicom_is_left_to_this_process(tmp_path, started):
    (tmp_path / "dicom").write_bytes(film())
    (tmp_path / "film.png").write_bytes(phantom_file())
    rows = list(started().read([tmp_path / "dicom", tmp_path / "film.png"]))
    assert rows[0] is None
    assert rows[1]["status"] == "read"


@pytest.mark.parametrize(
    "error", [ReleaseIncompatible("The network gave no number."), MemoryError(), KeyError("a bug")]
)
def test_what_goes_wrong_in_a_helper_is_left_to_this_process(films, monkeypatch, error):
    reader = FileReader(ReadOptions(RELEASE_DIR))

    def examine_all(*_):
        raise error

    monkeypatch.setattr(type(reader.gate), "examine_batch", examine_all)
    assert helper_child.rows_of(reader, films[:2]) == [None, None]


# --- the end


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_helper_that_is_killed_while_it_reads_is_told_of(films, started):
    os.mkfifo("endless")  # whoever opens it waits for a writer
    one = started()
    assert len(list(one.read(films))) == len(films)  # it is up, and has nothing left to say
    threading.Timer(0.5, one._process.kill).start()
    with pytest.raises(WorkerLost, match=LOST):
        list(one.read([*films, Path("endless")]))


def test_a_helper_that_was_killed_before_is_told_of(films, started):
    one = started()
    one._process.kill()
    one._process.wait()
    with pytest.raises(WorkerLost, match=LOST):
        list(one.read(films))


def test_half_a_row_is_none(films, started, monkeypatch):
    one = started()
    monkeypatch.setattr(one._process.stdout, "readline", lambda: b'{"path": "film.png", "sta')
    with pytest.raises(WorkerLost, match=LOST):
        list(one.read(films))


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="Windows has no such groups")
def test_ctrl_c_does_not_reach_a_helper(started):
    assert os.getpgid(started()._process.pid) != os.getpgid(0)


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), 9)", "raise SystemExit"])
def test_a_helper_ends_with_the_program(end):
    program = (
        "import os, pathlib\nfrom model.batch.file_reader import Asked\nfrom model.batch.worker_pool import Helper\n"
        "from model.inference.release_loader import RELEASE_DIR\none = Helper(Asked(RELEASE_DIR))\n"
        "print(one._process.pid, flush=True)\n"
        f"list(one.read([pathlib.Path('absent')]))\n{end}"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the helper outlived the program")


# --- how many


@pytest.mark.parametrize(
    ("processors", "files", "heatmaps", "count"),
    [
        (1, 10_000, False, 0),
        (2, 1, False, 0),
        (2, 255, False, 0),
        (2, 256, False, 1),
        (2, 10_000, False, 1),
        (2, 10_000, True, 0),  # the networks are at work then, which threads do as well
        (8, 400, False, 2),
        (8, 10_000, False, 7),
        (8, 0, False, 0),
    ],
)
def test_there_is_a_process_for_each_processor_and_for_enough_files(monkeypatch, processors, files, heatmaps, count):
    begun = []

    class Counted:
        def __init__(self, asked: ReadOptions):
            begun.append(asked)

        def end(self) -> None:
            pass

    monkeypatch.setattr(helper, "WorkerProcess", Counted)
    monkeypatch.setattr(helper, "usable_processors", lambda: processors)
    asked = ReadOptions(RELEASE_DIR, heatmaps=heatmaps)
    with worker_pool(asked, files) as given:
        assert len(given) == len(begun) == count
    assert begun == [asked] * count


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, WorkerLost])
def test_helpers_are_ended_whatever_happens(monkeypatch, error):
    monkeypatch.setattr(helper, "usable_processors", lambda: 3)
    processes = []
    try:
        with worker_pool(ReadOptions(RELEASE_DIR), 10_000) as given:
            processes = [one._process for one in given]
            assert [process.poll() for process in processes] == [None, None]
            if error:
                raise error("somewhere")
    except (KeyboardInterrupt, WorkerLost):
        pass
    ended = -signal.SIGKILL if hasattr(signal, "SIGKILL") else 1
    assert [process.returncode for process in processes] == [ended, ended]


class Third:
    """Stands in for helpers of which the third cannot be started."""

    begun: ClassVar[list] = []
    ended: ClassVar[list] = []

    def __init__(self, error: Exception):
        self.begun.append(self)
        if len(self.begun) == 3:
            raise error

    def end(self) -> None:
        self.ended.append(self)


@pytest.fixture
def third(monkeypatch):
    """The third of eight fails: `third(error)`."""

    def fails(error: Exception) -> type[Third]:
        kind = type("Third", (Third,), {"begun": [], "ended": []})
        monkeypatch.setattr(helper, "WorkerProcess", lambda _: kind(error))
        monkeypatch.setattr(helper, "usable_processors", lambda: 8)
        return kind

    return fails


def test_where_the_system_has_no_room_for_more_those_before_are_made_do_with(third):
    kind = third(BlockingIOError(11, "Resource temporarily unavailable"))
    with worker_pool(ReadOptions(RELEASE_DIR), 10_000) as given:
        assert given == kind.begun[:2]
        assert kind.ended == []
    assert kind.ended == kind.begun[:2]


def test_where_one_is_lost_at_once_the_others_are_ended(third):
    kind = third(WorkerLost("ended from outside"))
    with pytest.raises(WorkerLost), worker_pool(ReadOptions(RELEASE_DIR), 10_000):
        pytest.fail("not all were started")
    assert kind.ended == kind.begun[:2]
