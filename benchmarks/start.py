"""From the start of a process to the first finding, beside a script that does the same with Keras; time and memory.

python -m benchmarks.start
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import Measurement
from model.inference.release_loader import RELEASE_DIR
from tests.support.browser import ROOT
from tests.support.synthetic import phantom_file

ROUNDS = 7
# What a reading does, with TensorFlow: find the lungs, cut out their box, read it; no map.
_KERAS = """
import sys
import keras, numpy as np
from PIL import Image
lungs, reader = (keras.models.load_model(f"{sys.argv[1]}/{name}.keras") for name in ("lungs", "reader"))
film = Image.open(sys.argv[2]).convert("L").resize((224, 224))
def seen(picture, side):
    return np.asarray(picture.resize((side, side)), np.float32)[None, :, :, None]
fields = lungs.predict(seen(film, lungs.input_shape[1]), verbose=0)[0, :, :, 0] >= 0
rows, columns = np.flatnonzero(fields.any(axis=1)), np.flatnonzero(fields.any(axis=0))
if len(rows):
    scale = 224 / len(fields)
    edges = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    film = film.crop([round(edge * scale) for edge in edges])
print(float(reader.predict(seen(film, reader.input_shape[1]), verbose=0)[0, 0]))
"""


def measure() -> list[Measurement]:
    """Start both in turn, the first round left out: it brings the files into memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.jpg"
        path.write_bytes(phantom_file("JPEG", 1000, 1300))
        commands = {
            "python -m model read": ["-m", "model", "read", str(path)],
            "TensorFlow and Keras": ["-c", _KERAS, str(RELEASE_DIR), str(path)],
        }
        rounds = [{name: _run(command) for name, command in commands.items()} for _ in range(ROUNDS + 1)][1:]
    seconds, megabytes = (
        {name: statistics.median(one[name][what] for one in rounds) for name in commands} for what in (0, 1)
    )
    (ours, theirs), (small, large) = seconds.values(), megabytes.values()
    return [
        Measurement(
            "First finding with TensorFlow and Keras / with python -m model read, from process start",
            theirs / ours,
            5,
            least=True,
            parts=", ".join(f"{name} {of:.2f} s" for name, of in seconds.items()),
        ),
        Measurement(
            "Most memory of python -m model read / of TensorFlow and Keras",
            small / large,
            0.333,
            parts=", ".join(f"{name} {of:.0f} MB" for name, of in megabytes.items()),
        ),
    ]


def _run(arguments: list[str]) -> tuple[float, float]:
    """Seconds until the first line on standard output, and the most memory that the process took, in MB."""
    start = time.perf_counter()
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(  # noqa: S603 (ourselves)
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    line = process.stdout.readline()
    seconds = time.perf_counter() - start
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if not line:
        raise RuntimeError("a process ended without a finding")
    return seconds, usage.ru_maxrss / 1024


if __name__ == "__main__":
    print("\n".join(ratio.row() for ratio in measure()))
