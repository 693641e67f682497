"""Time of one inference, compared with forward passes of its networks alone and with Keras and Grad-CAM.

python -m benchmarks.reading
"""

import os
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from benchmarks.results import Measurement, format_milliseconds, median_seconds
from model.admission.gate import AdmissionGate
from model.explanation.reliability import measure_reliability
from model.imaging.decode import decode
from model.imaging.preprocessing import working_image
from model.inference.classifier import Classifier
from model.inference.release_loader import Release, load_release
from model.release_files import ReleaseFile
from tests.support.synthetic import phantom_file

HEIGHT, WIDTH = 1500, 2000
LUNGS, CLASSIFIER, INFERENCE = "lung network", "classifier network", "inference"
ADMISSION, CHECKS = "admission check and inference", "heat-map checks"
KERAS, GRAD_CAM = "model.predict", "tf-keras-vis Grad-CAM"


def measure() -> list[Measurement]:
    """Measure all ratios."""
    release = load_release()
    classifier = Classifier(release)
    content = phantom_file("JPEG", HEIGHT, WIDTH)
    radiograph = decode(content)
    working = working_image(radiograph)
    small = replace(radiograph, pixels=working)
    inference = classifier.infer_working(working)
    gate = AdmissionGate.from_classifier(classifier)
    forward_passes = {
        LUNGS: forward_pass(release.lungs.network, release.lungs.side),
        CLASSIFIER: forward_pass(release.network, release.side),
        INFERENCE: lambda: classifier.finding_from(classifier.infer_working(working)),
    }
    steps = {
        f"decoding {WIDTH} x {HEIGHT}": lambda: decode(content),
        "resizing to working size": lambda: working_image(radiograph),
        ADMISSION: lambda: gate.read(gate.examine(small)),
        CHECKS: lambda: measure_reliability(classifier, inference),
    }
    quick = median_seconds(forward_passes, rounds=100, warm_up=5)
    slow = median_seconds(
        _keras(release, release.input_region.network_input(working, inference.lungs, release.side)),
        rounds=10,
        warm_up=2,
    )
    parts = median_seconds(steps, rounds=20, warm_up=2)
    return [
        Measurement(
            "Inference with heat map, from the working image / LiteRT calls of its two networks alone",
            quick[INFERENCE] / (quick[LUNGS] + quick[CLASSIFIER]),
            1.5,
            parts=format_milliseconds(quick),
        ),
        Measurement(
            "Keras predict, then Grad-CAM of tf-keras-vis / inference with heat map",
            sum(slow.values()) / quick[INFERENCE],
            30,
            is_minimum=True,
            parts=format_milliseconds(slow),
        ),
        Measurement(
            "Heat-map checks / inference with heat map",
            parts[CHECKS] / quick[INFERENCE],
            parts=format_milliseconds(parts),
        ),
    ]


def forward_pass(content: bytes, side: int, batch: int = 1, threads: int | None = None) -> Callable[[], None]:
    """Return a function that runs a LiteRT network on a batch of images.

    Args:
        content: Bytes of the LiteRT file.
        side: Height and width of its input.
        batch: Images in the batch.
        threads: Number of threads; None for the default of LiteRT.
    """
    interpreter = Interpreter(model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    images = np.zeros((batch, side, side, 1), np.float32)

    def run() -> None:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)
        interpreter.invoke()

    return run


def _keras(release: Release, network_input: np.ndarray) -> dict[str, Callable[[], object]]:
    """Return functions for the Keras prediction and for Grad-CAM as documented by tf-keras-vis."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    from training.networks.classifier import load_logit_network

    network = load_logit_network(release.directory / ReleaseFile.CLASSIFIER_KERAS)
    grad_cam = Gradcam(network, model_modifier=ReplaceToLinear(), clone=True)
    return {
        KERAS: lambda: network.predict(network_input, verbose=0),
        GRAD_CAM: lambda: grad_cam(lambda logit: logit[:, 0], network_input, penultimate_layer=-1),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # tf-keras-vis uses deprecated SciPy names
    print("\n".join(measurement.row() for measurement in measure()))
