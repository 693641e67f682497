"""What the process that reads DICOM cannot do: programs in its place try each action (Linux)."""

import os
import signal
import subprocess
import sys

import pytest

from model.imaging.dicom.landlock import landlock_version
from tests.support.browser import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: other systems limit less")]

LIMITS = "set_resource_limits(600 * 2**20, 20)"  # 600 MiB and 20 seconds of processor time
# RLIMIT_NPROC has no effect on root, and the tests may run as root.
AS_NOBODY = "\nif os.getuid() == 0:\n    os.setgroups([]), os.setgid(65534), os.setuid(65534)\n"


def run_confined(*program: str, confine: str) -> subprocess.CompletedProcess:
    """Run a program after one of the functions that confine a process."""
    imports = "import ctypes, os, resource, socket, sys, threading\nfrom model.imaging.dicom.confinement import *\n"
    code = "\n".join([imports, confine, *program])
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=False)


def assert_fails(program: str, error: str, confine: str) -> None:
    """Check that a program succeeds without confinement and raises an error with it."""
    assert run_confined(program, confine="").returncode == 0
    result = run_confined(program, confine=confine)
    assert result.returncode == 1, result
    assert error in result.stderr.decode().splitlines()[-1]


def test_memory_is_limited_for_good():
    assert_fails("bytearray(2**30)", "MemoryError", LIMITS)
    raised = "resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))"
    assert_fails(raised, "not allowed to raise maximum limit", AS_NOBODY + LIMITS)


def test_processor_time_is_limited():
    assert run_confined("while True: pass", confine="set_resource_limits(2**30, 1)").returncode in (
        -signal.SIGXCPU,
        -signal.SIGKILL,
    )


def test_nothing_can_be_written_to_a_file(tmp_path):
    assert_fails(f"open({str(tmp_path / 'file')!r}, 'wb', buffering=0).write(b'a')", "File too large", LIMITS)


@pytest.mark.parametrize("start", ["os.fork() or os._exit(0)", "threading.Thread(target=print).start()"])
def test_no_process_can_be_started_even_if_the_kernel_has_no_filter(start):
    error = "Resource temporarily unavailable" if "fork" in start else "can't start new thread"
    assert_fails(start, error, AS_NOBODY + LIMITS)


# --- Landlock

needs_landlock = pytest.mark.skipif(not landlock_version(), reason="NOT RUN: this kernel has no Landlock")


@needs_landlock
@pytest.mark.parametrize(
    "change",
    [
        "open(folder + '/new', 'x')",
        "os.open(folder + '/existing', os.O_WRONLY)",
        "os.mkdir(folder + '/new')",
        "os.mkfifo(folder + '/new')",
        "os.symlink('existing', folder + '/new')",
        "os.link(folder + '/existing', folder + '/new')",
        "os.rename(folder + '/existing', folder + '/new')",
        "os.remove(folder + '/existing')",
        "socket.socket(socket.AF_UNIX).bind(folder + '/new')",
        pytest.param(
            "os.truncate(folder + '/existing', 0)",
            marks=pytest.mark.skipif(landlock_version() < 3, reason="NOT RUN: Landlock is too old"),
        ),
    ],
)
def test_no_file_can_be_made_changed_or_removed(change, tmp_path):
    (tmp_path / "existing").write_bytes(b"content")
    result = run_confined(f"folder = {str(tmp_path)!r}", change, confine="assert forbid_changes()")
    assert b"PermissionError" in result.stderr
    assert os.listdir(tmp_path) == ["existing"]
    assert (tmp_path / "existing").read_bytes() == b"content"


@needs_landlock
def test_files_can_still_be_read():
    assert run_confined(f"open({__file__!r}).read()", confine="assert forbid_changes()").returncode == 0


@needs_landlock
@pytest.mark.skipif(landlock_version() < 6, reason="NOT RUN: Landlock is too old")
def test_no_other_process_can_be_signalled():
    assert_fails("os.kill(os.getppid(), 0)", "PermissionError", "forbid_changes()")


@needs_landlock
def test_the_memory_of_another_process_cannot_be_read():
    result = run_confined("open(f'/proc/{os.getppid()}/mem', 'rb')", confine="assert forbid_changes()")
    assert b"PermissionError" in result.stderr


@needs_landlock
@pytest.mark.skipif(landlock_version() < 4, reason="NOT RUN: Landlock is too old")
@pytest.mark.parametrize("call", ["bind(('127.0.0.1', 0))", "connect(('127.0.0.1', 9))"])
def test_tcp_cannot_be_used_even_without_a_filter(call):
    result = run_confined(f"socket.socket().{call}", confine="assert forbid_changes()")
    assert b"PermissionError" in result.stderr


def test_a_kernel_without_landlock_leaves_the_process_unchanged():
    program = "ctypes.CDLL = lambda _: type('', (), {'syscall': lambda *_: -1})()"
    assert run_confined(program, "assert not forbid_changes()", confine="").returncode == 0


# --- seccomp


@pytest.mark.parametrize(
    "call",
    [
        "socket.socket(socket.AF_INET)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_UNIX)",
        "os.fork() or os._exit(0)",
        "os.posix_spawn(sys.executable, [sys.executable, '-c', ''], {})",
        "os.execv(sys.executable, [sys.executable, '-c', ''])",
    ],
)
def test_neither_network_nor_processes_can_be_used_even_by_root(call):
    assert_fails(call, "Operation not permitted", "assert forbid_network_and_processes()")


def test_a_thread_cannot_be_started():
    assert_fails("threading.Thread(target=print).start()", "start new thread", "forbid_network_and_processes()")


def test_the_filter_cannot_be_avoided_by_another_calling_convention():
    if os.uname().machine != "x86_64":
        pytest.skip("NOT RUN: only x86-64 has a second convention")
    x32_socket = (
        "sys.exit(ctypes.CDLL(None, use_errno=True).syscall(0x40000000 + 41, 2, 1, 0) + 1 or ctypes.get_errno())"
    )
    assert run_confined(x32_socket, confine="forbid_network_and_processes()").returncode == 1  # EPERM


def test_another_processor_is_left_unchanged():
    program = "import platform; platform.machine = lambda: 'riscv64'"
    assert run_confined(program, "assert not forbid_network_and_processes()", "os.fork()", confine="").returncode == 0


# --- the worker itself


@pytest.mark.parametrize("attempt", ["os.fork()", "socket.socket()", "bytearray(2**30)"])
def test_the_worker_is_confined_before_it_receives_a_file(attempt):
    prepare = "from model.imaging.dicom.worker import prepare; sys.argv[1:] = [str(900 * 2**20), '20']; prepare()"
    assert run_confined("", confine=prepare).returncode == 0
    assert run_confined(attempt, confine=prepare).returncode == 1
