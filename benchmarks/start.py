"""Time and memory from process start to the first finding, compared with an equivalent Keras script.

python -m benchmarks.start
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import Measurement
from model.inference.release_loader import RELEASE_DIR
from tests.support.browser import ROOT
from tests.support.synthetic import phantom_file

ROUNDS = 7
# Inference with TensorFlow: segments the lungs, crops to their bounding box and classifies, without a heat map.
_KERAS_SCRIPT = """
import sys
import keras, numpy as np
from PIL import Image
lungs, classifier = (keras.models.load_model(f"{sys.argv[1]}/{name}.keras") for name in ("lungs", "classifier"))
classifier = keras.Model(classifier.input, classifier.get_layer("logit").output)
image = Image.open(sys.argv[2]).convert("L").resize((224, 224))
def network_input(image, side):
    return np.asarray(image.resize((side, side)), np.float32)[None, :, :, None]
fields = lungs.predict(network_input(image, lungs.input_shape[1]), verbose=0)[0, :, :, 0] >= 0
rows, columns = np.flatnonzero(fields.any(axis=1)), np.flatnonzero(fields.any(axis=0))
if len(rows):
    scale = 224 / len(fields)
    edges = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    image = image.crop([round(edge * scale) for edge in edges])
print(float(classifier.predict(network_input(image, classifier.input_shape[1]), verbose=0)[0, 0]))
"""


@dataclass(frozen=True)
class ProcessRun:
    """Time until the first line on standard output, and peak memory of the process."""

    seconds: float
    peak_megabytes: float


def measure() -> list[Measurement]:
    """Measure both programs alternately. The first round loads the files into the page cache and is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "radiograph.jpg"
        path.write_bytes(phantom_file("JPEG", 1000, 1300))
        commands = {
            "python -m model read": ["-m", "model", "read", str(path)],
            "TensorFlow and Keras": ["-c", _KERAS_SCRIPT, str(RELEASE_DIR), str(path)],
        }
        rounds = [{name: _run(command) for name, command in commands.items()} for _ in range(ROUNDS + 1)][1:]
    seconds = {name: statistics.median(runs[name].seconds for runs in rounds) for name in commands}
    megabytes = {name: statistics.median(runs[name].peak_megabytes for runs in rounds) for name in commands}
    (seconds_ours, seconds_keras), (megabytes_ours, megabytes_keras) = seconds.values(), megabytes.values()
    return [
        Measurement(
            "Time from process start to the first finding, TensorFlow and Keras / python -m model read",
            seconds_keras / seconds_ours,
            5,
            is_minimum=True,
            parts=", ".join(f"{name} {value:.2f} s" for name, value in seconds.items()),
        ),
        Measurement(
            "Peak memory, python -m model read / TensorFlow and Keras",
            megabytes_ours / megabytes_keras,
            0.333,
            parts=", ".join(f"{name} {value:.0f} MB" for name, value in megabytes.items()),
        ),
    ]


def _run(arguments: list[str]) -> ProcessRun:
    start = time.perf_counter()
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None  # noqa: S101 (for the type checker)
    line = process.stdout.readline()
    seconds = time.perf_counter() - start
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if not line:
        raise RuntimeError("the process ended without a finding")
    return ProcessRun(seconds, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    print("\n".join(measurement.row() for measurement in measure()))
