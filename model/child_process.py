"""Child processes that run a module of this project: how to start and end them, and how they answer.

The DICOM decoder, the batch workers and the gradient methods each define their own messages on top of this. A child
reads requests from standard input and writes answers to standard output. Its standard error is discarded, because
libraries quote file content there, including patient names.

Each child has its own process group. The group is killed as a whole, and Ctrl-C in the terminal reaches only the
parent, which then ends its children.
"""

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

PROJECT_ROOT = Path(__file__).resolve().parents[1]
_CHUNK_BYTES = 2**20


class ChildProcess(subprocess.Popen[bytes]):
    """A process whose standard input and standard output are pipes, and which leads its own process group."""

    stdin: IO[bytes]
    stdout: IO[bytes]

    def kill(self) -> None:
        """Kill the process and all that it has started; on Windows, only the process. May be called repeatedly."""
        if sys.platform == "win32":
            super().kill()
        elif self.returncode is None:  # otherwise its identifier may belong to another process by now
            with suppress(ProcessLookupError, PermissionError):  # macOS denies access to a process that has ended
                os.killpg(self.pid, signal.SIGKILL)


def start_child(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> ChildProcess:
    """Run `python -m module arguments` in the project directory.

    Args:
        module: Full name of the module.
        *arguments: Its command-line arguments.
        environment: Environment variables to add to those of this process.

    Raises:
        OSError: The system cannot start another process.
        MemoryError: The system cannot start another process.
    """
    return ChildProcess(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT_ROOT,
        env=os.environ | environment if environment else None,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        process_group=None if sys.platform == "win32" else 0,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows
    )


def end_child(child: ChildProcess) -> None:
    """Kill a child, wait for it and close its pipes. If the child has already ended, only clean up."""
    child.kill()
    child.wait()
    child.stdout.close()
    with suppress(OSError):  # part of a request may not have been sent
        child.stdin.close()


def exchange(child: ChildProcess, request: bytes, seconds: float, max_bytes: int) -> bytearray:
    """Send a child its only request and return the answer.

    The time is limited even if a process that the child has started keeps the pipes open. The caller then ends the
    child. On Windows, where a pipe cannot be watched, the child is killed after that time instead.

    Args:
        child: The child. Its standard input is closed after the request.
        request: The request.
        seconds: Time for request and answer.
        max_bytes: Length at which the answer is cut off.

    Returns:
        The answer. It is incomplete if the child ends early or is late.

    Raises:
        OSError: The system cannot watch the pipes.
        RuntimeError: The system cannot start a thread (Windows).
    """
    if sys.platform == "win32":
        return _exchange_blocking(child, request, seconds, max_bytes)
    deadline = time.monotonic() + seconds
    answer, unsent = bytearray(), memoryview(request)
    with selectors.DefaultSelector() as selector:
        for pipe, event in ((child.stdin, selectors.EVENT_WRITE), (child.stdout, selectors.EVENT_READ)):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, event)
        while len(answer) < max_bytes and (remaining := deadline - time.monotonic()) > 0:
            ready = {key.fileobj for key, _ in selector.select(remaining)}
            if child.stdin in ready:
                unsent = _send(child, unsent)
                if not unsent:
                    selector.unregister(child.stdin)
                    child.stdin.close()
            if child.stdout in ready:
                received = os.read(child.stdout.fileno(), min(_CHUNK_BYTES, max_bytes - len(answer)))
                if not received:
                    break
                answer += received
    return answer


def _send(child: ChildProcess, unsent: memoryview) -> memoryview:
    """Send as much as the pipe takes and return the rest; nothing is left if the child no longer reads."""
    try:
        return unsent[os.write(child.stdin.fileno(), unsent[:_CHUNK_BYTES]) :]
    except BrokenPipeError:
        return unsent[:0]


def _exchange_blocking(child: ChildProcess, request: bytes, seconds: float, max_bytes: int) -> bytearray:
    watchdog = threading.Timer(seconds, child.kill)
    watchdog.start()
    try:
        with suppress(OSError), child.stdin:  # the child may end before it has read the request
            child.stdin.write(request)
        return bytearray(child.stdout.read(max_bytes))
    finally:
        watchdog.cancel()


def open_answer_pipe() -> BinaryIO:
    """Reserve the standard output of this process for its answers.

    Returns:
        A binary file for the answers. Anything that libraries print to standard output from now on is discarded.
    """
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as discarded:
        os.dup2(discarded.fileno(), 1)
    return answers
