"""Throughput of training, compared with its step on one batch that is already in memory.

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
    """Measure with the settings of the release and random weights, which take the same time."""
    rates = measure_throughput(dataset_root(), ClassifierConfig(backbone="none"))
    parts = ", ".join(f"{name} {rates[name]:.1f} pictures per second" for name in (PIPELINE, STEP, TRAINING))
    return [
        Measurement(
            "Pictures per second in training / of its step alone",
            rates[TRAINING] / rates[STEP],
            0.9,
            is_minimum=True,
            parts=parts,
        )
    ]


if __name__ == "__main__":
    print("\n".join(measurement.row() for measurement in measure()))
