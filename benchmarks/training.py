"""Throughput of training, compared with repeating the training step on one batch in memory.

python -m benchmarks.training    # with the data set at CHEST_XRAY_DIR
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault(
    "TF_ENABLE_ONEDNN_OPTS", "1"
)  # like `python -m training`; must be set before TensorFlow is imported

from benchmarks.results import Measurement
from dataset.index import dataset_root
from training.config import ClassifierConfig
from training.fitting.throughput import PIPELINE, STEP, TRAINING, measure_throughput


def measure() -> list[Measurement]:
    """Measure with the default settings."""
    rates = measure_throughput(dataset_root(), ClassifierConfig())
    parts = ", ".join(f"{name} {rates[name]:.1f} images per second" for name in (PIPELINE, STEP, TRAINING))
    return [
        Measurement(
            "Images per second, training / training step alone",
            rates[TRAINING] / rates[STEP],
            0.9,
            is_minimum=True,
            parts=parts,
        )
    ]


if __name__ == "__main__":
    print("\n".join(measurement.row() for measurement in measure()))
