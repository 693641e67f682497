"""Explanations that need gradients, and so TensorFlow: computed by a process that ends, so that none stays here.

The picture goes through a pipe, never to disk. One process at a time: each takes most of a gigabyte.
"""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from model.errors import ExplanationFailed
from model.inference.release_loader import Release

GRAD_CAM, GRAD_CAM_PLUS_PLUS, SMOOTH_GRAD = "Grad-CAM", "Grad-CAM++", "SmoothGrad"
METHODS = (GRAD_CAM, GRAD_CAM_PLUS_PLUS, SMOOTH_GRAD)  # in the order in which they come
TIMEOUT_SECONDS = 180  # on a busy laptop it takes half a minute; whoever takes longer than this is stuck
POLL_SECONDS = 0.5  # between two words to somebody who waits: so soon it is known that nobody does any longer
WAITING_TEXT, STARTING_TEXT = "Waiting for another comparison ...", "Starting TensorFlow ..."

_FAILED_TEXT = (
    "The other explanations could not be computed. They need TensorFlow, and about a gigabyte of memory while they "
    "run. The finding and its heat map do not depend on them."
)
_ROOT = Path(__file__).resolve().parents[2]
_one_at_a_time = threading.Lock()


def gradient_maps(
    release: Release, picture: np.ndarray, say: Callable[[str], object]
) -> Iterator[tuple[str, np.ndarray]]:
    """Each of METHODS with its map as soon as it is there: float32 (rows, columns), in logits a cell.

    Args:
        release: whose network is explained.
        picture: what it sees, float32 (1, side, side, 1), 0-255.
        say: is told WAITING, again and again while others are computed, and STARTING; what it raises ends the waiting.

    Raises:
        ExplanationFailed: the process did not give all of them, or could not be started.
    """
    while not _one_at_a_time.acquire(timeout=POLL_SECONDS):
        say(WAITING_TEXT)
    try:
        say(STARTING_TEXT)
        yield from _compute(release, picture)
    finally:
        _one_at_a_time.release()


def _compute(release: Release, picture: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    command = [sys.executable, "-m", "training", "explain", "--release", str(release.directory.resolve())]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        started = subprocess.Popen(command, cwd=_ROOT, **pipes)  # noqa: S603 (ourselves)
    except (OSError, MemoryError) as error:  # no further process is started
        raise ExplanationFailed(_FAILED_TEXT) from error
    with started as child:
        stuck = threading.Timer(TIMEOUT_SECONDS, child.kill)
        try:
            stuck.start()
            yield from _read_maps(child, picture)
        except RuntimeError as error:  # no further thread is started
            raise ExplanationFailed(_FAILED_TEXT) from error
        finally:  # also where nobody waits for the rest
            stuck.cancel()
            child.kill()


def _read_maps(child: subprocess.Popen, picture: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    come = []
    try:
        child.stdin.write(_to_npy(picture))
        child.stdin.close()
    except BrokenPipeError:  # it ended before it had read: what comes of it says so
        pass
    for line in child.stdout:
        if not line.endswith(b"\n"):  # it ended while it wrote
            break
        found = json.loads(line)
        come.append(found["method"])
        yield found["method"], np.array(found["map"], np.float32)
    if tuple(come) != METHODS:
        raise ExplanationFailed(_FAILED_TEXT)


def _to_npy(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, picture, allow_pickle=False)
    return file.getvalue()
