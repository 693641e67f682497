"""Child processes that run a module of this project: how to start and end them, and how they answer.

The DICOM decoder, the batch workers and the gradient methods each define their own messages on top of this. A child
reads requests from standard input and writes answers to standard output. Its standard error is discarded, because
libraries quote file content there, including patient names.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

PROJECT_ROOT = Path(__file__).resolve().parents[1]


class ChildProcess(subprocess.Popen[bytes]):
    """A process whose standard input and standard output are pipes."""

    stdin: IO[bytes]
    stdout: IO[bytes]


def start_child(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None, own_group: bool = False
) -> ChildProcess:
    """Run `python -m module arguments` in the project directory.

    Args:
        module: Full name of the module.
        *arguments: Its command-line arguments.
        environment: Environment variables to add to those of this process.
        own_group: Start a new process group, so that Ctrl-C in the terminal does not reach the child.

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
        process_group=0 if own_group else None,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if own_group else 0,  # Windows
    )


def end_child(child: ChildProcess) -> None:
    """Kill a child, wait for it and close its pipes. If the child has already ended, only clean up."""
    child.kill()
    child.wait()
    child.stdout.close()
    with suppress(OSError):  # part of a request may not have been sent
        child.stdin.close()


def open_answer_pipe() -> BinaryIO:
    """Reserve the standard output of this process for its answers.

    Returns:
        A binary file for the answers. Anything that libraries print to standard output from now on is discarded.
    """
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as discarded:
        os.dup2(discarded.fileno(), 1)
    return answers
