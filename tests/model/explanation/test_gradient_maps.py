"""The child process that computes gradient maps: answers, failures, end, and isolation of TensorFlow."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from types import SimpleNamespace

import numpy as np
import pytest

from model.child_process import PROJECT_ROOT, ChildProcess
from model.errors import ExplanationFailed
from model.explanation import gradient_maps as module
from model.explanation.gradient_maps import METHODS, STARTING_TEXT, WAITING_TEXT, gradient_maps
from model.messages import MessageCode
from tests.support.isolation import NO_DISK
from tests.support.messages import raises_message
from tests.support.processes import HANG, python_child
from tests.support.training import SIZE

pytestmark = pytest.mark.slow

NETWORK_INPUT = np.random.default_rng(0).uniform(0, 255, (1, SIZE, SIZE, 1)).astype(np.float32)
RELEASE = SimpleNamespace(directory=PROJECT_ROOT)  # for a child that is replaced
FIRST_MAP = f'{{"method": "{METHODS[0]}", "map": [[1, 2]]}}'  # an answer of the child


@pytest.fixture
def children(monkeypatch) -> list[ChildProcess]:
    """Return the list of child processes that are started."""
    started, real = [], module.start_child

    def start(*arguments: str) -> ChildProcess:
        started.append(real(*arguments))
        return started[-1]

    monkeypatch.setattr(module, "start_child", start)
    return started


@pytest.fixture
def run_instead(monkeypatch) -> Callable[[str], list[ChildProcess]]:
    """Make children run other code: `run_instead(code)` returns the list of children that are started."""

    def replace(code: str) -> list[ChildProcess]:
        started: list[ChildProcess] = []

        def start(*_: str) -> ChildProcess:
            started.append(python_child(code))
            return started[-1]

        monkeypatch.setattr(module, "start_child", start)
        return started

    return replace


def program(release, last_line: str) -> list[str]:
    """Return a command that computes the maps of a release; the last line may use `maps`, an iterator."""
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from model.explanation.gradient_maps import gradient_maps\n"
        "from model.inference.release_loader import load_release\n"
        f"release = load_release(Path({str(release)!r}))\n"
        f"maps = gradient_maps(release, np.full((1, {SIZE}, {SIZE}, 1), 99, np.float32), lambda _: None)\n"
        f"{last_line}"
    )
    return [sys.executable, "-c", code]


def test_the_server_process_gets_all_maps_and_imports_neither_tensorflow_nor_training(published):
    last_line = (
        "print([(name, values.ndim, str(values.dtype)) for name, values in maps], "
        "sorted({'tensorflow', 'keras', 'training'} & set(sys.modules)))"
    )
    result = subprocess.run(program(published, last_line), cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == f"{[(name, 2, 'float32') for name in METHODS]} []\n"


@pytest.mark.linux
def test_maps_are_computed_if_no_file_can_be_written(published):
    """As in deploy/. TensorFlow searches for a temporary directory when it is imported."""
    command = [*NO_DISK, *program(published, "print(len(list(maps)))")]
    result = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, f"{len(METHODS)}\n"), result.stderr


def test_a_child_that_does_not_answer_is_reported_and_ended(children, tmp_path):
    with raises_message(ExplanationFailed, MessageCode.EXPLANATION_FAILED):
        list(gradient_maps(SimpleNamespace(directory=tmp_path / "no release"), NETWORK_INPUT, print))
    assert children[0].poll() is not None


def test_maps_that_came_before_a_child_failed_are_yielded_before_the_error(run_instead):
    run_instead(f"import sys; sys.stdin.buffer.read(); print('{FIRST_MAP}')")
    received = []
    with pytest.raises(ExplanationFailed):
        received.extend(name for name, _ in gradient_maps(RELEASE, NETWORK_INPUT, print))
    assert next(gradient_maps(RELEASE, NETWORK_INPUT, print))[0] == METHODS[0]


def test_a_child_that_ends_without_reading_its_input_is_reported(run_instead):
    run_instead("raise SystemExit(1)")
    more_than_a_pipe_holds = np.zeros((1, 900, 900, 1), np.float32)
    with pytest.raises(ExplanationFailed):
        list(gradient_maps(RELEASE, more_than_a_pipe_holds, print))


def test_a_child_that_ends_in_the_middle_of_a_map_is_reported(run_instead):
    run_instead(f"print('{FIRST_MAP[:-4]}', end='')")
    with pytest.raises(ExplanationFailed):
        list(gradient_maps(RELEASE, NETWORK_INPUT, print))


def test_a_stuck_child_is_killed_and_reported(monkeypatch, run_instead):
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.5)
    started = run_instead(HANG)
    with pytest.raises(ExplanationFailed):
        list(gradient_maps(RELEASE, NETWORK_INPUT, print))
    assert started[0].poll() is not None


def test_the_child_is_killed_if_the_caller_stops_iterating(run_instead):
    started = run_instead(f"print('{FIRST_MAP}', flush=True); {HANG}")

    with closing(gradient_maps(RELEASE, NETWORK_INPUT, print)) as maps:
        next(maps)
        assert started[0].poll() is None

    assert started[0].poll() is not None
    with closing(gradient_maps(RELEASE, NETWORK_INPUT, print)) as maps:  # the next caller does not have to wait
        next(maps)


# --- one child at a time


def test_a_waiting_caller_is_called_back_repeatedly_and_may_give_up(monkeypatch):
    class CallerLeft(Exception):
        pass

    texts = []

    def report_status(text: str) -> None:
        texts.append(text)
        if len(texts) == 3:
            raise CallerLeft

    monkeypatch.setattr(module, "start_child", lambda *_: pytest.fail("a child was started"))
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    with module._child_slot, pytest.raises(CallerLeft):
        list(gradient_maps(RELEASE, NETWORK_INPUT, report_status))
    assert texts == [WAITING_TEXT] * 3
    assert not module._child_slot.locked()


def test_a_caller_that_waited_is_served_when_the_other_has_finished(monkeypatch, run_instead):
    run_instead(f"print('{FIRST_MAP}')")
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    texts = []
    module._child_slot.acquire()

    def report_status(text: str) -> None:
        texts.append(text)
        if texts == [WAITING_TEXT] * 2:
            module._child_slot.release()

    with closing(gradient_maps(RELEASE, NETWORK_INPUT, report_status)) as maps:
        next(maps)
    assert texts == [WAITING_TEXT, WAITING_TEXT, STARTING_TEXT]


# --- a system without resources


@pytest.mark.parametrize("error", [BlockingIOError(11, "Resource temporarily unavailable"), MemoryError()])
def test_a_child_that_cannot_be_started_is_reported(monkeypatch, error):
    def start(*_: str) -> None:
        raise error

    monkeypatch.setattr(module, "start_child", start)
    with raises_message(ExplanationFailed, MessageCode.EXPLANATION_FAILED):
        list(gradient_maps(RELEASE, NETWORK_INPUT, print))
    assert not module._child_slot.locked()


def test_a_watchdog_that_cannot_be_started_is_reported_and_the_child_ends(monkeypatch, children):
    def start(_: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", start)
    with pytest.raises(ExplanationFailed):
        list(gradient_maps(RELEASE, NETWORK_INPUT, print))
    assert children[0].poll() is not None
