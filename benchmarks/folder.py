"""A folder of small pictures through the shell, beside both networks in batches on decoded arrays; and its memory.

python -m benchmarks.folder
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.reading import forward
from benchmarks.results import Measurement
from model.inference.parallel import usable_cpus
from model.inference.release_loader import RELEASE_DIR, load_release
from tests.support.browser import ROOT
from tests.support.processes import resident
from tests.support.synthetic import phantom_file

PICTURES, DIFFERENT = 2000, 40
BATCH = 32
ROUNDS = 5


def measure() -> list[Measurement]:
    """Measure in turn; of the shell the whole process, its start and the decoding included.

    Networks alone have as many pictures as the shell, right after it: what slows a machine down for seconds would else
    be in one of the two alone.
    """
    bare = _batched()
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        runs = [(*_read(Path(folder)), _run(bare)) for _ in range(ROUNDS)]
    ratio = statistics.median(of_networks / seconds for seconds, _, of_networks in runs)
    rate, alone = (statistics.median(PICTURES / run[part] for run in runs) for part in (0, 2))
    early, late = (statistics.median(of) for of in zip(*(memory for _, memory, _ in runs), strict=True))
    return [
        Measurement(
            f"Throughput of python -m model read on {PICTURES} pictures of 224 px / of its two networks in batches",
            ratio,
            0.8,
            least=True,
            parts=f"shell {rate:.0f} pictures per second, networks alone {alone:.0f}, {usable_cpus()} processors",
        ),
        Measurement(
            "Memory in the last quarter of the folder / in the second",
            late / early,
            1.05,
            parts=f"{early:.0f} MB, {late:.0f} MB",
        ),
    ]


def _write(folder: Path) -> None:
    films = [phantom_file("JPEG", 224, 224, seed) for seed in range(DIFFERENT)]
    for number in range(PICTURES):
        (folder / f"{number:04}.jpg").write_bytes(films[number % DIFFERENT])


def _read(folder: Path) -> tuple[float, tuple[float, float]]:
    """Seconds for the folder, and the memory of all processes in its second and its last quarter, in MB."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "model", "read", str(folder)]
    samples = []
    with subprocess.Popen(  # noqa: S603 (ourselves)
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            samples.append(resident(process.pid))
            time.sleep(0.1)
    seconds = time.perf_counter() - start
    quarter = len(samples) // 4
    return seconds, (statistics.median(samples[quarter : 2 * quarter]), statistics.median(samples[3 * quarter : -1]))


def _run(bare: Callable[[], object]) -> float:
    """Seconds that as many pictures take in batches."""
    start = time.perf_counter()
    for _ in range(PICTURES // BATCH):
        bare()
    return (time.perf_counter() - start) * PICTURES / (PICTURES // BATCH * BATCH)


def _batched() -> Callable[[], object]:
    """One batch through both networks, exported anew for batches: the released files take one picture."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from training.networks.classifier import serving_model

    release = load_release()
    classifier = serving_model(keras.models.load_model(RELEASE_DIR / "reader.keras"))
    lungs = keras.models.load_model(RELEASE_DIR / "lungs.keras")
    runs = []
    for network, side in ((lungs, release.lungs.side), (classifier, release.side)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "batched.tflite"
            signature = [keras.InputSpec(shape=(BATCH, side, side, 1), dtype="float32", name="radiograph")]
            network.export(str(path), format="litert", input_signature=signature, verbose=False)
            runs.append(forward(path.read_bytes(), side, BATCH, usable_cpus()))
    return lambda: [run() for run in runs]


if __name__ == "__main__":
    print("\n".join(ratio.row() for ratio in measure()))
