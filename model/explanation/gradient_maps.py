"""Explanations that need gradients, and therefore TensorFlow, computed in a child process that ends afterwards.

The server never imports TensorFlow. The image is sent through a pipe and never written to disk. One child runs at a
time, because each needs almost a gigabyte of memory. The child is `model.explanation.gradient_worker`.
"""

import io
import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from importlib.util import find_spec

import numpy as np

from model.child_process import ChildProcess, end_child, start_child
from model.errors import ExplanationFailed
from model.inference.release_loader import Release
from model.messages import MessageCode
from model.translation import N_

GRAD_CAM, GRAD_CAM_PLUS_PLUS, SMOOTH_GRAD = "Grad-CAM", "Grad-CAM++", "SmoothGrad"
METHODS = (GRAD_CAM, GRAD_CAM_PLUS_PLUS, SMOOTH_GRAD)  # in the order of the child's answers
TIMEOUT_SECONDS = 180  # a busy laptop needs half a minute; after this time the child is considered stuck
POLL_SECONDS = 0.5  # between two status reports to a waiting caller, whose session may have ended
WAITING_TEXT, STARTING_TEXT = N_("Waiting for another comparison to finish..."), N_("Starting TensorFlow...")

_WORKER_MODULE = "model.explanation.gradient_worker"
_child_slot = threading.Lock()


def gradients_available() -> bool:
    """Return whether TensorFlow and tf-keras-vis are installed. The requirements for serving omit them."""
    return all(find_spec(name) for name in ("tensorflow", "tf_keras_vis"))


def gradient_maps(
    release: Release, network_input: np.ndarray, report_status: Callable[[str], object]
) -> Generator[tuple[str, np.ndarray]]:
    """Compute one map with each of METHODS.

    Args:
        release: Release whose network is explained.
        network_input: Input of the network, float32 (1, side, side, 1), 0-255.
        report_status: Called with WAITING_TEXT every POLL_SECONDS while another caller's maps are computed, then once
            with STARTING_TEXT. To stop waiting, it may raise an exception, which is passed on.

    Yields:
        Name and map of each method, as soon as the map is computed: float32 (rows, columns), in logits per cell of the
        heat map.

    Raises:
        ExplanationFailed: The child could not be started, or did not return all maps.
    """
    while not _child_slot.acquire(timeout=POLL_SECONDS):
        report_status(WAITING_TEXT)
    try:
        report_status(STARTING_TEXT)
        yield from _maps_from_child(release, network_input)
    finally:
        _child_slot.release()


def _maps_from_child(release: Release, network_input: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    try:
        child = start_child(_WORKER_MODULE, "--release", str(release.directory.resolve()))
    except (OSError, MemoryError) as error:  # the system cannot start another process
        raise ExplanationFailed(MessageCode.EXPLANATION_FAILED) from error
    watchdog = threading.Timer(TIMEOUT_SECONDS, child.kill)
    try:
        watchdog.start()
        yield from _exchange(child, network_input)
    except RuntimeError as error:  # the system cannot start another thread
        raise ExplanationFailed(MessageCode.EXPLANATION_FAILED) from error
    finally:  # also if the caller does not iterate to the end
        watchdog.cancel()
        end_child(child)


def _exchange(child: ChildProcess, network_input: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Send the input to the child and yield its maps."""
    with suppress(BrokenPipeError):  # the child has ended; the missing answer raises the error below
        child.stdin.write(_encode_npy(network_input))
        child.stdin.close()
    methods = []
    for line in child.stdout:
        if not line.endswith(b"\n"):  # the child ended while writing
            break
        answer = json.loads(line)
        methods.append(answer["method"])
        yield answer["method"], np.array(answer["map"], np.float32)
    if tuple(methods) != METHODS:
        raise ExplanationFailed(MessageCode.EXPLANATION_FAILED)


def _encode_npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()
