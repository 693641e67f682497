"""What a reading costs beside the networks' plain forward passes, beside Keras with Grad-CAM, and in parts.

python -m benchmarks.reading
"""

import os
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from benchmarks.results import Measurement, medians, milliseconds
from model.admission.gate import AdmissionGate
from model.explanation.reliability import measure_reliability
from model.imaging.decode import decode
from model.imaging.preprocessing import working_image
from model.inference.classifier import Classifier
from model.inference.release_loader import Release, load_release
from tests.support.synthetic import phantom_file

HEIGHT, WIDTH = 1500, 2000
LUNGS, READER, READING = "lung network", "reader network", "reading"
ADMITTED, CHECKS = "checking what it is, then reading", "checks of the heat map"
KERAS, GRAD_CAM = "model.predict", "tf-keras-vis Grad-CAM"


def measure() -> list[Measurement]:
    """Measure in turn."""
    release = load_release()
    classifier = Classifier(release)
    content = phantom_file("JPEG", HEIGHT, WIDTH)
    radiograph = decode(content)
    working = working_image(radiograph)
    small = replace(radiograph, pixels=working)
    seen = classifier.infer_working(working)
    gate = AdmissionGate.from_classifier(classifier)
    bare = {
        LUNGS: forward(release.lungs.network, release.lungs.side),
        READER: forward(release.network, release.side),
        READING: lambda: classifier.finding_from(classifier.infer_working(working)),
    }
    around = {
        f"decoding {WIDTH} x {HEIGHT}": lambda: decode(content),
        "working size": lambda: working_image(radiograph),
        ADMITTED: lambda: gate.read(gate.examine(small)),
        CHECKS: lambda: measure_reliability(classifier, seen),
    }
    quick = medians(bare, rounds=100, first=5)
    slow = medians(_keras(release, release.view.network_input(working, seen.lungs, release.side)), rounds=10, first=2)
    parts = medians(around, rounds=20, first=2)
    return [
        Measurement(
            "Reading with its map, from the working picture / bare LiteRT calls of its two networks",
            quick[READING] / (quick[LUNGS] + quick[READER]),
            1.5,
            parts=milliseconds(quick),
        ),
        Measurement(
            "Keras predict, then Grad-CAM of tf-keras-vis / reading with its map",
            sum(slow.values()) / quick[READING],
            30,
            least=True,
            parts=milliseconds(slow),
        ),
        Measurement(
            "Checks of the heat map / reading with its map", parts[CHECKS] / quick[READING], parts=milliseconds(parts)
        ),
    ]


def forward(content: bytes, side: int, batch: int = 1, threads: int | None = None) -> Callable[[], None]:
    """One run of a network on a batch of pictures and nothing around it."""
    interpreter = Interpreter(model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    pictures = np.zeros((batch, side, side, 1), np.float32)

    def run() -> None:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pictures)
        interpreter.invoke()

    return run


def _keras(release: Release, picture: np.ndarray) -> dict[str, Callable[[], object]]:
    """The reader network in Keras, and the call of Grad-CAM that its guide shows."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    network = keras.models.load_model(release.directory / "reader.keras")
    grad_cam = Gradcam(network, model_modifier=ReplaceToLinear(), clone=True)
    return {
        KERAS: lambda: network.predict(picture, verbose=0),
        GRAD_CAM: lambda: grad_cam(lambda logit: logit[:, 0], picture, penultimate_layer=-1),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # tf-keras-vis imports SciPy by names of its past
    print("\n".join(ratio.row() for ratio in measure()))
