"""Assemble a candidate from a finished run: a release directory without version and metrics.

Calibration, operating points, scale of the heat map and limits of the heat-map checks are fitted or selected here, all
on the validation patients of the run.
"""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from dataset.index import LabelledImage
from dataset.split import Split
from model.codes import LABELS, SPLITS
from model.errors import TrainingError
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.classifier import Classifier, ClassifierOutput, load_model
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
from training.fitting.classifier import CONFIG_FILE
from training.networks.export import check_litert_agreement, export_classifier

CANDIDATE = "candidate"
MAP_QUANTILE = 0.99


def assemble_candidate(run: Path, split: Split) -> tuple[Release, Logits]:
    """Export, calibrate and describe the network of a run.

    Args:
        run: Folder of the run.
        split: Images of each split.

    Returns:
        The candidate, loaded and verified, and the logits of its network on the perturbed validation images.

    Raises:
        TrainingError: The run has not ended, or Keras and LiteRT disagree.
    """
    if not (run / ReleaseFile.CLASSIFIER_KERAS).exists():
        raise TrainingError(
            f"{run} holds no finished training run. Finish it with `python -m training fit-classifier --run {run}`."
        )
    config = ClassifierConfig.load(run / CONFIG_FILE)
    staged = run / f"{CANDIDATE}.new"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    for name in (ReleaseFile.CLASSIFIER_KERAS, ReleaseFile.HISTORY, ReleaseFile.LUNGS_KERAS, ReleaseFile.LUNGS):
        shutil.copy2(run / name, staged / name)
    network = keras.models.load_model(staged / ReleaseFile.CLASSIFIER_KERAS)
    outputs = export_classifier(network, staged / ReleaseFile.CLASSIFIER)
    lungs_side = keras.models.load_model(staged / ReleaseFile.LUNGS_KERAS).input_shape[1]
    description = _describe(staged, config, outputs, split) | {"lungs": {"side": lungs_side}}
    uncalibrated = _load_with(staged, description)
    inputs = network_inputs(uncalibrated, split.validation)
    raw_outputs = [uncalibrated.classify(image[np.newaxis]) for image in tqdm(inputs, "reading", leave=False)]
    perturbed_logits = logits_under_perturbation(uncalibrated, split.validation)
    description |= _choose_on_validation(raw_outputs, perturbed_logits, split.validation)
    calibrated = _load_with(staged, description)
    check_litert_agreement(network, calibrated, inputs)
    limits = select_reliability_limits(calibrated, split.validation)
    write_json(staged / ReleaseFile.DESCRIPTION, description | limits)
    swap_directories(staged, run / CANDIDATE)
    return load_release(run / CANDIDATE), perturbed_logits


def _load_with(staged: Path, description: dict[str, Any]) -> Classifier:
    """Write model.json into the staged directory and load the classifier."""
    write_json(staged / ReleaseFile.DESCRIPTION, description)
    return load_model(staged)


def _choose_on_validation(
    raw_outputs: Sequence[ClassifierOutput], perturbed_logits: Logits, validation: Sequence[LabelledImage]
) -> dict[str, Any]:
    """Return the parts of model.json that are fitted or selected on validation.

    Calibration and map scale use the unperturbed images. Operating points and conformal limits also use the perturbed
    ones.
    """
    target = np.array([record.target for record in validation])
    patient = np.array([record.patient for record in validation])
    logits = np.array([output.logit for output in raw_outputs])
    calibration = fit_calibration(logits, target)
    unperturbed = Predictions(target, calibration.probability(logits), patient)
    n_copies = 1 + len(perturbed_logits)
    pooled_probability = calibration.probability(np.concatenate([logits, *perturbed_logits.values()]))
    pooled = Predictions(np.tile(target, n_copies), pooled_probability, np.tile(patient, n_copies))
    map_values = np.concatenate([output.class_activation_map.ravel() for output in raw_outputs])
    evidence = map_values[map_values > 0]
    where = f"on {len(validation)} validation pictures"
    where_pooled = f"{where}, unshifted and under {len(perturbed_logits)} shifts"
    return {
        "calibration": dataclasses.asdict(calibration) | {"chosen": f"Platt scaling fitted {where}."},
        "operating_points": select_operating_points(unperturbed, pooled, where_pooled),
        "conformal": fit_conformal_limits(pooled, where_pooled),
        "map_scale": {
            "value": float(np.quantile(evidence, MAP_QUANTILE)) if evidence.size else 1.0,
            "chosen": f"{MAP_QUANTILE:.0%} of the positive map values lie below it {where}.",
        },
    }


def _describe(staged: Path, config: ClassifierConfig, outputs: dict[str, list[int]], split: Split) -> dict[str, Any]:
    """Return model.json before anything is fitted; `_choose_on_validation` replaces the identity calibration."""
    training_targets = [record.target for record in split.training]
    return {
        "format": FORMAT,
        "name": "Chest radiograph pneumonia reader",
        "version": "candidate",
        "files": {name: sha256(staged / name) for name in sorted(path.name for path in staged.iterdir())},
        "input": {
            "height": config.input_size,
            "width": config.input_size,
            "channels": 1,
            "dtype": "float32",
            "value_range": [0, 255],
            "resize": RESIZE_METHOD,
        },
        "outputs": outputs,
        "view": {"part": config.region, "margin": config.margin},
        "labels": list(LABELS),
        "training_prevalence": sum(training_targets) / len(training_targets),
        "default_operating_point": BALANCED,
        "calibration": {"slope": 1.0, "intercept": 0.0},
        "operating_points": [],
        "conformal": {"coverage": 1.0, "least_pneumonia": 0.0, "most_normal": 1.0, "chosen": "Nothing is chosen yet."},
        "map_scale": {"value": 1.0},
        "training": config.to_dict()
        | {"backbone": Path(config.backbone).name}
        | {"lungs": Path(config.lung_network).name},
        "dataset": {
            "name": "Chest X-ray images (pneumonia) of Labeled OCT and Chest X-Ray Images for Classification",
            "source": "Kermany, Zhang, Goldbaum 2018, Mendeley Data, doi:10.17632/rscbjbr9sj.2",
            "licence": "CC BY 4.0",
            "pictures": {name: len(split.part(name)) for name in SPLITS},
            "patients": {name: len({record.patient for record in split.part(name)}) for name in SPLITS},
        },
    }
