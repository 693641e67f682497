"""The process that explains: what comes of it, that it ends, and that TensorFlow stays in it."""

import re
import subprocess
import sys
import threading
from contextlib import closing
from types import SimpleNamespace

import numpy as np
import pytest

import model.explanation.gradient_maps
from model.errors import ExplanationFailed
from model.explanation.gradient_maps import METHODS, STARTING_TEXT, WAITING_TEXT, gradient_maps
from tests.support.browser import ROOT
from tests.support.isolation import NO_DISK
from tests.support.training import SIZE

FAILED = (
    "The other explanations could not be computed. They need TensorFlow, and about a gigabyte of memory while they "
    "run. The finding and its heat map do not depend on them."
)
PICTURE = np.random.default_rng(0).uniform(0, 255, (1, SIZE, SIZE, 1)).astype(np.float32)


@pytest.fixture
def started(monkeypatch) -> list[subprocess.Popen]:
    """The processes that were started."""
    processes, real = [], subprocess.Popen

    def popen(*arguments, **options):
        processes.append(real(*arguments, **options))
        return processes[-1]

    monkeypatch.setattr(model.explanation.gradient_maps.subprocess, "Popen", popen)
    return processes


def child(monkeypatch, code: str) -> SimpleNamespace:
    """Have this code run in the place of `python -m training explain`; returns a release."""
    real = subprocess.Popen
    monkeypatch.setattr(
        model.explanation.gradient_maps.subprocess,
        "Popen",
        lambda _, **options: real([sys.executable, "-c", code], **options),
    )
    return SimpleNamespace(directory=ROOT)


def test_all_methods_come_from_a_process_that_has_ended_and_tensorflow_is_not_imported_here(published):
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from model.explanation.gradient_maps import gradient_maps; from model.inference.release_loader import load_release\n"
        f"release = load_release(Path({str(published)!r}))\n"
        f"maps = dict(gradient_maps(release, np.full((1, {SIZE}, {SIZE}, 1), 99, np.float32), print))\n"
        "print(list(maps), [values.ndim for values in maps.values()], {str(v.dtype) for v in maps.values()})\n"
        "print(sorted({'tensorflow', 'keras', 'training'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-2:] == [f"{list(METHODS)} [2, 2, 2] {{'float32'}}", "[]"]


@pytest.mark.linux
def test_they_come_where_no_file_can_be_written_too(published):
    """As deploy/ has it: TensorFlow looks for a folder for temporary files at its import."""
    code = (
        "from pathlib import Path; import numpy as np\n"
        "from model.explanation.gradient_maps import gradient_maps; from model.inference.release_loader import load_release\n"
        f"release = load_release(Path({str(published)!r}))\n"
        f"print(len(list(gradient_maps(release, np.full((1, {SIZE}, {SIZE}, 1), 99, np.float32), lambda _: None))))"
    )
    ended = subprocess.run(
        [*NO_DISK, sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, f"{len(METHODS)}\n"), ended.stderr


def test_where_it_gives_nothing_that_is_told(started, tmp_path):
    with pytest.raises(ExplanationFailed, match=f"^{re.escape(FAILED)}$"):
        list(gradient_maps(SimpleNamespace(directory=tmp_path / "no release"), PICTURE, print))
    assert started[0].poll() is not None


def test_where_it_ends_before_the_last_method_what_has_come_is_given_and_then_that_is_told(monkeypatch):
    line = f'{{"method": "{METHODS[0]}", "map": [[1, 2]]}}'
    release = child(monkeypatch, f"import sys; sys.stdin.buffer.read(); print('{line}')")
    come = []
    with pytest.raises(ExplanationFailed):
        come.extend(gradient_maps(release, PICTURE, print))
    maps = gradient_maps(release, PICTURE, print)
    assert next(maps)[0] == METHODS[0]


def test_a_process_that_reads_nothing_is_told_too(monkeypatch):
    with pytest.raises(ExplanationFailed):
        list(gradient_maps(child(monkeypatch, "raise SystemExit(1)"), np.zeros((1, 900, 900, 1), np.float32), print))


def test_a_process_that_is_stuck_is_ended(monkeypatch):
    monkeypatch.setattr(model.explanation.gradient_maps, "TIMEOUT_SECONDS", 0.5)
    with pytest.raises(ExplanationFailed):
        list(gradient_maps(child(monkeypatch, "import time; time.sleep(600)"), PICTURE, print))


def test_where_nobody_waits_for_the_rest_the_process_ends(monkeypatch):
    line = f'{{"method": "{METHODS[0]}", "map": [[1, 2]]}}'
    release = child(monkeypatch, f"import time; print('{line}', flush=True); time.sleep(600)")
    running, real = [], model.explanation.gradient_maps.subprocess.Popen
    monkeypatch.setattr(
        model.explanation.gradient_maps.subprocess,
        "Popen",
        lambda *a, **o: running.append(real(*a, **o)) or running[-1],
    )

    with closing(gradient_maps(release, PICTURE, print)) as maps:
        next(maps)
        assert running[0].poll() is None

    assert running[0].poll() is not None
    with closing(gradient_maps(release, PICTURE, print)) as maps:  # and the next one need not wait for it
        next(maps)


def test_whoever_waits_for_anothers_comparison_is_asked_again_and_again_and_may_leave(monkeypatch):
    class NoLongerWanted(Exception):
        pass

    said = []

    def say(words: str) -> None:
        said.append(words)
        if len(said) == 3:
            raise NoLongerWanted

    monkeypatch.setattr(
        model.explanation.gradient_maps.subprocess, "Popen", lambda *_, **__: pytest.fail("was started")
    )
    monkeypatch.setattr(model.explanation.gradient_maps, "POLL_SECONDS", 0.01)
    with model.explanation.gradient_maps._one_at_a_time, pytest.raises(NoLongerWanted):
        list(gradient_maps(SimpleNamespace(directory=ROOT), PICTURE, say))
    assert said == [WAITING_TEXT] * 3
    assert not model.explanation.gradient_maps._one_at_a_time.locked()


def test_whoever_has_waited_is_told_when_the_turn_has_come(monkeypatch):
    line = f'{{"method": "{METHODS[0]}", "map": [[1, 2]]}}'
    release = child(monkeypatch, f"print('{line}')")
    monkeypatch.setattr(model.explanation.gradient_maps, "POLL_SECONDS", 0.01)
    said, lock = [], model.explanation.gradient_maps._one_at_a_time
    lock.acquire()

    def say(words: str) -> None:
        said.append(words)
        if said == [WAITING_TEXT] * 2:
            lock.release()

    with closing(gradient_maps(release, PICTURE, say)) as maps:
        next(maps)
    assert said == [WAITING_TEXT, WAITING_TEXT, STARTING_TEXT]


@pytest.mark.parametrize("error", [BlockingIOError(11, "Resource temporarily unavailable"), MemoryError()])
def test_where_no_process_can_be_started_that_is_told(monkeypatch, error):
    def popen(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(model.explanation.gradient_maps.subprocess, "Popen", popen)
    with pytest.raises(ExplanationFailed, match=f"^{re.escape(FAILED)}$"):
        list(gradient_maps(SimpleNamespace(directory=ROOT), PICTURE, print))
    assert not model.explanation.gradient_maps._one_at_a_time.locked()


def test_where_no_thread_can_be_started_to_watch_it_that_is_told_and_the_process_ends(monkeypatch, started):
    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", start)
    with pytest.raises(ExplanationFailed):
        list(gradient_maps(SimpleNamespace(directory=ROOT), PICTURE, print))
    assert started[0].poll() is not None


def test_a_process_that_ends_in_the_middle_of_a_map_is_told_too(monkeypatch):
    line = f'{{"method": "{METHODS[0]}", "map": [[1, 2'
    with pytest.raises(ExplanationFailed):
        list(gradient_maps(child(monkeypatch, f"print('{line}', end='')"), PICTURE, print))
