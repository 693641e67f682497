"""What a reading costs beside the networks' plain forward passes, and beside MobileNetV2 as published.

python -m benchmarks.reading
"""

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from model.decode import decode
from model.preprocess import working_picture
from model.reader import Reader
from model.release import load_release

ROUNDS = 60  # each round runs every part once, so that a machine that slows down slows all of them
HEIGHT, WIDTH = 1500, 2000


def main() -> None:
    """Measure in turn, print medians and ratios."""
    release = load_release()
    reader = Reader(release)
    content = _film()
    radiograph = decode(content)
    working = working_picture(radiograph)
    lungs = reader.finder.find(working)
    seen = release.view.look(working, lungs, release.side)
    published = "MobileNetV2 at 224, plain forward pass"
    parts = {
        published: _forward(_mobilenet(), 224, 3),
        "lung network, plain forward pass": _forward(release.lungs.network, release.lungs.side, 1),
        "reader network, plain forward pass": _forward(release.network, release.side, 1),
        "finding the lungs": lambda: reader.finder.find(working),
        "reading what is seen of them": lambda: reader.raw(seen),
        f"decoding a {WIDTH} x {HEIGHT} JPEG": lambda: decode(content),
        "bringing it to the working size": lambda: working_picture(radiograph),
        "reading it in all, decoding apart": lambda: reader.read(radiograph),
    }
    medians = _measure(parts)
    for name, seconds in medians.items():
        print(f"{name:<40} {1000 * seconds:7.2f} ms   {seconds / medians[published]:5.2f} x MobileNetV2")
    bare = medians["lung network, plain forward pass"] + medians["reader network, plain forward pass"]
    ours = medians["finding the lungs"] + medians["reading what is seen of them"]
    print(f"lungs and reading / the two plain forward passes: {ours / bare:.2f}")


def _mobilenet() -> bytes:
    """The backbone as published, with random weights, which cost the same."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    network = keras.applications.MobileNetV2(input_shape=(224, 224, 3), include_top=False, pooling="avg", weights=None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mobilenet_v2.tflite"
        network.export(
            str(path),
            format="litert",
            input_signature=[keras.InputSpec(shape=(1, 224, 224, 3), dtype="float32")],
            verbose=False,
        )
        return path.read_bytes()


def _film() -> bytes:
    pixels = np.random.default_rng(0).normal(128, 30, (HEIGHT // 8, WIDTH // 8)).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((WIDTH, HEIGHT)).save(file, "JPEG", quality=90)
    return file.getvalue()


def _forward(content: bytes, side: int, channels: int) -> Callable[[], None]:
    """One run of a network and nothing around it."""
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    picture = np.zeros((1, side, side, channels), np.float32)

    def run() -> None:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
        interpreter.invoke()

    return run


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
