"""Child processes: how they communicate with their parent, and how they end."""

import json
import os
import sys
import time

import pytest

from model.child_process import PROJECT_ROOT, ChildProcess, end_child, exchange, start_child
from tests.support.processes import HANG, is_running, python_child
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

# A module for the child instead of one of the project. It is found through PYTHONPATH.
PROBE = """
import json, os, sys
from model.child_process import open_answer_pipe
answers = open_answer_pipe()
print("printed by a library", flush=True)
os.system("echo printed by a program")
print("an error", file=sys.stderr, flush=True)
request = sys.stdin.buffer.readline().decode()
group = os.getpgid(0) if hasattr(os, "getpgid") else None
content = {"folder": os.getcwd(), "arguments": sys.argv[1:], "request": request, "group": group}
content["added"] = os.environ["ADDED"]
answers.write(json.dumps(content).encode() + b"\\n")
answers.flush()
sys.stdin.buffer.read()
"""


@pytest.fixture
def start(tmp_path):
    """Start a probe that is ended after the test: `start("argument")`."""
    (tmp_path / "probe.py").write_text(PROBE)
    search_path = os.pathsep.join([str(tmp_path), str(PROJECT_ROOT)])
    children: list[ChildProcess] = []

    def start_probe(*arguments: str, **options) -> ChildProcess:
        environment = {"PYTHONPATH": search_path, "ADDED": "value"}
        children.append(start_child("probe", *arguments, environment=environment, **options))
        return children[-1]

    yield start_probe
    for child in children:
        end_child(child)


def ask(child: ChildProcess) -> dict:
    child.stdin.write(b"request\n")
    child.stdin.flush()
    return json.loads(child.stdout.readline())


def test_a_child_runs_a_module_in_the_project_directory_and_answers(start):
    answer = ask(start("first", "second argument"))
    assert answer["folder"] == str(PROJECT_ROOT)
    assert answer["arguments"] == ["first", "second argument"]
    assert answer["request"] == "request\n"
    assert answer["added"] == "value"


def test_output_of_libraries_is_not_part_of_the_answer(start):
    child = start()
    ask(child)
    child.stdin.close()
    assert child.stdout.read() == b""


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="Windows has no process groups")
def test_a_child_has_its_own_process_group(start):
    child = start()
    assert ask(child)["group"] == child.pid != os.getpgid(0)


def test_the_environment_of_the_parent_is_passed_on_unchanged_by_default(monkeypatch, tmp_path):
    (tmp_path / "probe.py").write_text(PROBE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(PROJECT_ROOT)]))
    monkeypatch.setenv("ADDED", "by the parent")
    child = start_child("probe")
    try:
        assert ask(child)["added"] == "by the parent"
    finally:
        end_child(child)


def test_ending_a_child_also_closes_its_pipes(start):
    child = start()
    end_child(child)
    assert child.returncode is not None
    assert child.stdin.closed
    assert child.stdout.closed


def test_a_child_that_has_already_ended_can_be_ended_again(start):
    child = start()
    ask(child)
    child.stdin.close()
    assert child.wait(timeout=20) == 0
    end_child(child)
    end_child(child)


def test_a_child_can_be_ended_while_part_of_a_request_is_unsent(start):
    child = start()
    child.stdin.write(b"no end of line")  # stays in the buffer
    child.kill()
    child.wait()
    end_child(child)
    assert child.stdin.closed


def test_a_child_that_cannot_be_started_raises_the_error_of_the_system(monkeypatch):
    monkeypatch.setattr(sys, "executable", str(PROJECT_ROOT / "no such program"))
    with pytest.raises(OSError, match="no such program"):
        start_child("probe")


# --- one request and its answer

needs_groups = pytest.mark.skipif(not hasattr(os, "killpg"), reason="NOT RUN: this system has no process groups")
COUNT = "import sys; print(len(sys.stdin.buffer.read()))"
GRANDCHILD = f"""
import os
if not os.fork():
    print(os.getpid(), flush=True)
{HANG}
"""


@pytest.fixture
def run_python():
    """Start a program that is ended after the test: `run_python("print(1)")`."""
    children: list[ChildProcess] = []

    def start(program: str) -> ChildProcess:
        children.append(python_child(program))
        return children[-1]

    yield start
    for child in children:
        end_child(child)


def test_a_request_of_any_size_arrives_completely(run_python):
    for size in (0, 1, 5_000_000):
        assert exchange(run_python(COUNT), bytes(size), seconds=60, max_bytes=100).split() == [b"%d" % size]


def test_an_answer_of_any_size_arrives_completely(run_python):
    answer = exchange(run_python("print('a' * 5_000_000, end='')"), b"", seconds=60, max_bytes=10**7)
    assert answer == b"a" * 5_000_000


def test_an_answer_above_the_limit_is_cut_off(run_python):
    assert len(exchange(run_python("while True: print('a' * 1000)"), b"", seconds=60, max_bytes=12_345)) == 12_345


def test_a_child_that_does_not_read_its_request_may_still_answer(run_python):
    program = "import sys; sys.stdin.close(); print(1)"
    assert exchange(run_python(program), bytes(5_000_000), seconds=60, max_bytes=100).strip() == b"1"


@pytest.mark.parametrize("program", [HANG, "while True: print(1)"], ids=["mute", "endless"])
def test_the_time_for_an_answer_is_limited(run_python, program):
    start = time.monotonic()
    exchange(run_python(program), bytes(5_000_000), seconds=1, max_bytes=10**12)
    assert time.monotonic() - start < 20


@needs_groups
def test_ending_a_child_ends_everything_that_it_has_started(run_python):
    child = run_python(GRANDCHILD)
    grandchild = int(child.stdout.readline())
    end_child(child)
    wait_until(lambda: not is_running(grandchild), "the process that the child started has ended")


@needs_groups
def test_a_child_that_has_ended_is_not_signalled(run_python, monkeypatch):
    child = run_python("pass")
    child.wait()
    monkeypatch.setattr(os, "killpg", lambda *_: pytest.fail("its identifier may belong to another process"))
    child.kill()
