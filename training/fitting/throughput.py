"""Images per second of the input pipeline alone and of training, measured in one process.

    python -m training benchmark

It uses the children's images only, which take the same time as those of adults.
If training is slower than training steps on images in memory, it waits for the pipeline.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras

from dataset.index import load_index
from dataset.split import split_for_training
from model.inference.lung_segmentation import LungSegmenter
from model.inference.release_loader import load_release
from model.release_files import OPACITY_MAP
from training.config import ClassifierConfig
from training.data.batches import Batch, ClassifierBatchStream
from training.data.samples import load_samples
from training.fitting.classifier import compile_classifier
from training.networks.classifier import build_classifier

N_IMAGES = 512  # enough to draw batches from
N_STEPS = 12
N_ROUNDS = 3  # each round measures all three rates, so a slow phase of the machine affects them equally
PIPELINE, STEP, TRAINING = "pipeline alone", "step alone", "training"


def throughput_report(data: Path, config: ClassifierConfig) -> str:
    """Measure the pipeline alone, the training step alone (repeating one batch) and both together; return the text."""
    rates = measure_throughput(data, config)
    lines = [f"{name:>15}: {rate:7.1f} images per second" for name, rate in rates.items()]
    lines.append(
        f"training / step alone: {rates[TRAINING] / rates[STEP]:.2f} (1 = training never waits for the pipeline)"
    )
    return "\n".join([f"{keras.backend.backend()}, {config.input_size} pixels, batches of {config.batch_size}", *lines])


def measure_throughput(data: Path, config: ClassifierConfig) -> dict[str, float]:
    """Return images per second of PIPELINE, STEP and TRAINING.

    All three come from the round with the median of TRAINING / STEP, because the load of the machine may differ between
    rounds.
    """
    training = split_for_training(load_index(data)).training
    records = training[:: max(1, len(training) // N_IMAGES)]
    lungs = load_release().lungs
    samples = load_samples(records, LungSegmenter(lungs.network, lungs.side), config.input_region, "images")
    classifier = build_classifier(config)
    stream = ClassifierBatchStream(config, samples, classifier.output[OPACITY_MAP].shape[1])
    compile_classifier(classifier, config, stream.steps_per_epoch)
    batch = next(stream.batches())
    classifier.fit(_repeat(batch), steps_per_epoch=2, verbose=0, shuffle=False)  # trace the graph first
    rounds = [
        {
            PIPELINE: _rate(config, lambda: _drain(stream)),
            STEP: _rate(config, lambda: _train(classifier, _repeat(batch))),
            TRAINING: _rate(config, lambda: _train(classifier, stream.batches())),
        }
        for _ in range(N_ROUNDS)
    ]
    return sorted(rounds, key=lambda rates: rates[TRAINING] / rates[STEP])[N_ROUNDS // 2]


def _repeat(batch: Batch) -> Iterator[Batch]:
    while True:  # Keras accepts generators, but not itertools.repeat
        yield batch


def _rate(config: ClassifierConfig, work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return N_STEPS * config.batch_size / (time.perf_counter() - start)


def _drain(stream: ClassifierBatchStream) -> None:
    for _ in itertools.islice(stream.batches(), N_STEPS):
        pass


def _train(classifier: keras.Model, batches: Iterator[Batch]) -> None:
    classifier.fit(batches, steps_per_epoch=N_STEPS, verbose=0, shuffle=False)
