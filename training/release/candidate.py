"""From a finished run to a candidate: a release directory without version and metrics.

Calibration, operating point, map scale and the limits of the explanation checks are chosen here, all on the validation
patients of the run.
"""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from dataset.index import LabelledImage
from dataset.split import Split
from model.codes import LABELS
from model.errors import TrainingError
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.classifier import Classifier, ClassifierOutput
from model.inference.release_loader import FORMAT, Release, load_release
from model.performance.binary_metrics import Predictions
from model.release_files import ReleaseFile
from model.storage import sha256, swap_directories, write_json
from training.calibration.conformal import fit_conformal_limits
from training.calibration.heatmap_thresholds import select_reliability_limits
from training.calibration.operating_points import BALANCED, select_operating_points
from training.calibration.platt import fit_calibration
from training.config import ClassifierConfig
from training.data.loading import network_inputs
from training.evaluation.robustness import Logits, logits_under_perturbation
from training.fitting.classifier import CONFIG
from training.networks.export import check_litert_agreement, export_classifier

CANDIDATE = "candidate"
MAP_QUANTILE = 0.99


def assemble_candidate(run: Path, parts: Split) -> tuple[Release, Logits]:
    """Export, calibrate and describe the run's network.

    Returns:
        The candidate, loaded and verified, and what its network says of the shifted validation pictures.

    Raises:
        TrainingError: the run has not ended, or Keras and LiteRT disagree.
    """
    if not (run / ReleaseFile.CLASSIFIER_KERAS).exists():
        raise TrainingError(
            f"{run} holds no finished training run. Finish it with `python -m training fit --run {run}`."
        )
    config = ClassifierConfig.load(run / CONFIG)
    staged = run / f"{CANDIDATE}.new"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    for name in (ReleaseFile.CLASSIFIER_KERAS, ReleaseFile.HISTORY, ReleaseFile.LUNGS_KERAS, ReleaseFile.LUNGS):
        shutil.copy2(run / name, staged / name)
    keras_reader = keras.models.load_model(staged / ReleaseFile.CLASSIFIER_KERAS)
    outputs = export_classifier(keras_reader, staged / ReleaseFile.CLASSIFIER)
    lungs_side = keras.models.load_model(staged / ReleaseFile.LUNGS_KERAS).input_shape[1]
    description = _describe(staged, config, outputs, parts) | {"lungs": {"side": lungs_side}}
    write_json(staged / ReleaseFile.DESCRIPTION, description)

    uncalibrated = Classifier(load_release(staged))
    seen = network_inputs(uncalibrated, parts.validation)
    raw = [uncalibrated.classify(one[np.newaxis]) for one in tqdm(seen, "reading", leave=False)]
    shifted = logits_under_perturbation(uncalibrated, parts.validation)
    description |= _choose_on_validation(raw, shifted, parts.validation)
    write_json(staged / ReleaseFile.DESCRIPTION, description)
    calibrated = Classifier(load_release(staged))
    check_litert_agreement(keras_reader, calibrated, seen)
    write_json(staged / ReleaseFile.DESCRIPTION, description | select_reliability_limits(calibrated, parts.validation))
    swap_directories(staged, run / CANDIDATE)
    return load_release(run / CANDIDATE), shifted


def _choose_on_validation(
    raw: Sequence[ClassifierOutput], shifted: Logits, validation: Sequence[LabelledImage]
) -> dict:
    """Calibration and map scale from the readings of the validation pictures, what is judged from the shifted too."""
    target = np.array([record.target for record in validation])
    patients = np.array([record.patient for record in validation])
    logits = np.array([reading.logit for reading in raw])
    calibration = fit_calibration(logits, target)
    unshifted = Predictions(target, calibration.probability(logits), patients)
    times = 1 + len(shifted)
    everywhere = calibration.probability(np.concatenate([logits, *shifted.values()]))
    pooled = Predictions(np.tile(target, times), everywhere, np.tile(patients, times))
    evidence = np.concatenate([reading.class_activation_map.ravel() for reading in raw])
    positive = evidence[evidence > 0]
    where = f"on {len(validation)} validation pictures"
    stressed = f"{where}, unshifted and under {len(shifted)} shifts"
    return {
        "calibration": dataclasses.asdict(calibration) | {"chosen": f"Platt scaling fitted {where}."},
        "operating_points": select_operating_points(unshifted, pooled, stressed),
        "conformal": fit_conformal_limits(pooled, stressed),
        "map_scale": {
            "value": float(np.quantile(positive, MAP_QUANTILE)) if positive.size else 1.0,
            "chosen": f"{MAP_QUANTILE:.0%} of the positive map values lie below it {where}.",
        },
    }


def _describe(staged: Path, config: ClassifierConfig, outputs: dict[str, list[int]], parts: Split) -> dict:
    """model.json before anything is chosen: the network's own logit, to be replaced by `_choose_on_validation`."""
    fitted = [record.target for record in parts.training]
    return {
        "format": FORMAT,
        "name": "Chest radiograph pneumonia reader",
        "version": "candidate",
        "files": {name: sha256(staged / name) for name in sorted(path.name for path in staged.iterdir())},
        "input": {
            "height": config.size,
            "width": config.size,
            "channels": 1,
            "dtype": "float32",
            "value_range": [0, 255],
            "resize": RESIZE_METHOD,
        },
        "outputs": outputs,
        "view": {"part": config.view, "margin": config.margin},
        "labels": list(LABELS),
        "training_prevalence": sum(fitted) / len(fitted),
        "default_operating_point": BALANCED,
        "calibration": {"slope": 1.0, "intercept": 0.0},
        "operating_points": [],
        "conformal": {"coverage": 1.0, "least_pneumonia": 0.0, "most_normal": 1.0, "chosen": "Nothing is chosen yet."},
        "map_scale": {"value": 1.0},
        "training": dataclasses.asdict(config)
        | {"backbone": Path(config.backbone).name}
        | {"lungs": Path(config.lungs).name},
        "dataset": {
            "name": "Chest X-ray images (pneumonia) of Labeled OCT and Chest X-Ray Images for Classification",
            "source": "Kermany, Zhang, Goldbaum 2018, Mendeley Data, doi:10.17632/rscbjbr9sj.2",
            "licence": "CC BY 4.0",
            "pictures": {name: len(parts.part(name)) for name in ("training", "validation", "test")},
            "patients": {
                name: len({record.patient for record in parts.part(name)})
                for name in ("training", "validation", "test")
            },
        },
    }
