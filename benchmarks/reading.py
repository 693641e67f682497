"""What a reading costs beside the network's plain forward pass, and a file beside its reading.

python -m benchmarks.reading
"""

import io
import statistics
import time
from collections.abc import Callable

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from model.decode import decode
from model.preprocess import preprocess
from model.reader import Reader
from model.release import load_release

ROUNDS = 60  # each round runs every part once, so that a machine that slows down slows all of them
HEIGHT, WIDTH = 1500, 2000


def main() -> None:
    """Measure in turn, print medians and ratios."""
    release = load_release()
    reader = Reader(release)
    bare = Interpreter(model_content=release.network)
    bare.allocate_tensors()
    content = _film()
    radiograph = decode(content)
    picture = preprocess(radiograph, release.input.height, release.input.width)
    parts = {
        "plain forward pass": lambda: _forward(bare, picture),
        "reading, from the network's input": lambda: reader.raw(picture),
        f"decoding a {WIDTH} x {HEIGHT} JPEG": lambda: decode(content),
        "resizing it": lambda: preprocess(radiograph, release.input.height, release.input.width),
        "reading it, resize included": lambda: reader.read(radiograph),
    }
    medians = _measure(parts)
    plain = medians["plain forward pass"]
    for name, seconds in medians.items():
        print(f"{name:<36} {1000 * seconds:7.2f} ms   {seconds / plain:5.2f} x the plain forward pass")


def _film() -> bytes:
    pixels = np.random.default_rng(0).normal(128, 30, (HEIGHT // 8, WIDTH // 8)).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((WIDTH, HEIGHT)).save(file, "JPEG", quality=90)
    return file.getvalue()


def _forward(interpreter: Interpreter, picture: np.ndarray) -> None:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
    interpreter.invoke()


def _measure(parts: dict[str, Callable[[], object]]) -> dict[str, float]:
    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(ROUNDS):
        for name, part in parts.items():
            start = time.perf_counter()
            part()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[5:]) for name, values in seconds.items()}


if __name__ == "__main__":
    main()
