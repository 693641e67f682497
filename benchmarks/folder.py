"""Throughput and memory of `python -m model read` on a folder of small images.

The throughput is compared with running only the two networks, in batches of decoded arrays.

python -m benchmarks.folder
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reading import forward_pass
from benchmarks.results import Measurement
from model.inference.parallel import usable_cpus
from model.inference.release_loader import RELEASE_DIR, load_release
from model.release_files import ReleaseFile
from tests.support.browser import ROOT
from tests.support.processes import resident_megabytes
from tests.support.synthetic import phantom_file

N_IMAGES, N_DISTINCT = 2000, 40
BATCH = 32
ROUNDS = 5


@dataclass(frozen=True)
class FolderRun:
    """Time that one run of the command took, and median memory of all its processes in two quarters of the run."""

    seconds: float
    second_quarter_megabytes: float
    last_quarter_megabytes: float


def measure() -> list[Measurement]:
    """Measure the command and the networks alternately. The time of the command includes process start and decoding.

    In each round, the networks run on the same number of images right after the command, so a slow phase of the machine
    affects both.
    """
    run_batch = _batched_networks()
    with tempfile.TemporaryDirectory() as folder:
        _write_images(Path(folder))
        rounds = [(_read_folder(Path(folder)), _run_batches(run_batch)) for _ in range(ROUNDS)]
    ratio = statistics.median(networks_seconds / run.seconds for run, networks_seconds in rounds)
    command_rate = statistics.median(N_IMAGES / run.seconds for run, _ in rounds)
    networks_rate = statistics.median(N_IMAGES / networks_seconds for _, networks_seconds in rounds)
    early = statistics.median(run.second_quarter_megabytes for run, _ in rounds)
    late = statistics.median(run.last_quarter_megabytes for run, _ in rounds)
    return [
        Measurement(
            f"Throughput of python -m model read on {N_IMAGES} images of 224 px / of its two networks in batches",
            ratio,
            0.8,
            is_minimum=True,
            parts=f"command {command_rate:.0f} images per second, networks alone {networks_rate:.0f}, "
            f"{usable_cpus()} processors",
        ),
        Measurement(
            "Memory in the last quarter of the run / in the second quarter",
            late / early,
            1.05,
            parts=f"{early:.0f} MB, {late:.0f} MB",
        ),
    ]


def _write_images(folder: Path) -> None:
    contents = [phantom_file("JPEG", 224, 224, seed) for seed in range(N_DISTINCT)]
    for number in range(N_IMAGES):
        (folder / f"{number:04}.jpg").write_bytes(contents[number % N_DISTINCT])


def _read_folder(folder: Path) -> FolderRun:
    start = time.perf_counter()
    command = [sys.executable, "-m", "model", "read", str(folder)]
    samples = []
    with subprocess.Popen(  # noqa: S603 (our own program)
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            samples.append(resident_megabytes(process.pid))
            time.sleep(0.1)
    seconds = time.perf_counter() - start
    quarter = len(samples) // 4
    return FolderRun(
        seconds, statistics.median(samples[quarter : 2 * quarter]), statistics.median(samples[3 * quarter : -1])
    )


def _run_batches(run_batch: Callable[[], object]) -> float:
    """Return the time for N_IMAGES images in batches, in seconds."""
    start = time.perf_counter()
    for _ in range(N_IMAGES // BATCH):
        run_batch()
    return (time.perf_counter() - start) * N_IMAGES / (N_IMAGES // BATCH * BATCH)


def _batched_networks() -> Callable[[], object]:
    """Return a function that runs one batch through both networks.

    The networks are exported with a batch size, because the released files accept only a single image.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from training.networks.classifier import serving_model

    release = load_release()
    classifier = serving_model(keras.models.load_model(RELEASE_DIR / ReleaseFile.CLASSIFIER_KERAS))
    lungs = keras.models.load_model(RELEASE_DIR / ReleaseFile.LUNGS_KERAS)
    runs = []
    for network, side in ((lungs, release.lungs.side), (classifier, release.side)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "batched.tflite"
            signature = [keras.InputSpec(shape=(BATCH, side, side, 1), dtype="float32", name="radiograph")]
            network.export(str(path), format="litert", input_signature=signature, verbose=False)
            runs.append(forward_pass(path.read_bytes(), side, BATCH, usable_cpus()))
    return lambda: [run() for run in runs]


if __name__ == "__main__":
    print("\n".join(measurement.row() for measurement in measure()))
