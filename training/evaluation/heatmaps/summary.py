"""How far heat maps can be believed, over the official test split; nothing is chosen here.

Warning rates of the checks that each reading gets, deletion and insertion, evidence inside the lungs, agreement with
other methods; and where the truth is known: opacities that were put in, and boxes that radiologists drew.
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from dataset.split import Cut
from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, SMOOTH_GRAD
from model.explanation.gradient_worker import grad_cam, grad_cam_plus_plus, smooth_grad
from model.explanation.reliability import CheckLimits, inside_lungs, rank_correlation
from model.inference.classifier import Reader
from model.inference.decision import Verdict
from model.performance.binary_metrics import measure_share
from training.evaluation.heatmaps.cases import Explained, explain_all, patients, sample
from training.evaluation.heatmaps.deletion_insertion import measure_curves
from training.evaluation.heatmaps.radiologist_boxes import measure_boxes
from training.evaluation.heatmaps.randomised_network import randomised_reader
from training.evaluation.heatmaps.synthetic_opacities import measure_known_answers
from training.fitting.classifier import READER

CHECKED = 400  # pictures whose heat maps are checked, which takes 153 readings of each
MANY = 150  # pictures for deletion and insertion, which takes 44 readings of each
FEW = 40  # pictures for the methods of tf-keras-vis, and for each network with random weights
RANDOM_SEEDS = (1, 2, 3)


def measure_explanations(reader: Reader, parts: Cut, adults: Path | None) -> dict:
    """Figures of the heat maps of a release.

    Args:
        reader: of the release.
        parts: of whose test part CHECKED pictures are measured; opacities are put into the normal films of validation.
        adults: folder of films of adults, where there is one.

    Returns:
        {"warnings", "curves", "inside_lungs", "agreement", "known_answers", "adult_boxes"}, see the functions: shares
        and means with n and 95 % interval by patient. None for what is not measured.
    """
    explained = explain_all(reader, sample(parts.test, CHECKED), "checking explanations of test")
    found = [one for one in explained if one.right and one.verdict is Verdict.PNEUMONIA]
    return {
        "warnings": measure_warnings(reader, explained),
        "curves": measure_curves(reader, sample(found, MANY)),
        "inside_lungs": measure_inside(reader, explained),
        "agreement": measure_agreement(reader, explained),
        "known_answers": measure_known_answers(reader, [r for r in parts.validation if not r.target]),
        "adult_boxes": measure_boxes(reader, adults) if adults else None,
    }


def measure_warnings(reader: Reader, explained: Sequence[Explained]) -> dict | None:
    """Of the readings with positive evidence, how many are warned about; None where the release has no limits.

    Returns:
        Readings to the share that is warned about, with "not_applicable", how many have no positive evidence.
        "randomised": some of the same pictures, read by networks with random weights.
    """
    limits = CheckLimits.of(reader.release)
    if limits is None:
        return None
    kinds = {
        "right_pneumonia": [one for one in explained if one.right and one.record.target],
        "right_normal": [one for one in explained if one.right and not one.record.target],
        "false_alarm": [one for one in explained if one.right is False and not one.record.target],
        "missed": [one for one in explained if one.right is False and one.record.target],
        "indeterminate": [one for one in explained if one.right is None],
        "randomised": [],
    }
    few = sample(explained, FEW)
    for seed in RANDOM_SEEDS:
        ignorant = randomised_reader(reader.release, np.concatenate([one.picture for one in few]), seed)
        kinds["randomised"] += explain_all(ignorant, [one.record for one in few], "the same of random weights")
    return {name: _warned(of, limits) for name, of in kinds.items()}


def measure_inside(reader: Reader, explained: Sequence[Explained]) -> dict:
    """Mean share of the positive evidence inside the lung fields, and of what is seen there: the value of chance."""
    of = [one for one in explained if one.checks and one.checks.inside_lungs is not None]
    even, box = np.ones((1, 1)), reader.release.view.box
    area = [inside_lungs(even, box(one.seen.lungs), one.seen.lungs) for one in of]
    evidence = [one.checks.inside_lungs for one in of]
    return {
        name: measure_share(np.array(values), patients(of)) for name, values in (("evidence", evidence), ("area", area))
    }


def measure_agreement(reader: Reader, explained: Sequence[Explained]) -> dict:
    """Mean rank correlation of the heat map with each other method, where there is positive evidence.

    With occlusion over all of them, with the methods of tf-keras-vis over FEW.
    """
    of = [one for one in explained if one.checks]
    measured = {"occlusion": measure_share(np.array([one.checks.agreement for one in of]), patients(of))}
    few = sample(of, FEW)
    network = keras.models.load_model(reader.release.directory / READER)
    alike: dict[str, list[float]] = {GRAD_CAM: [], GRAD_CAM_PLUS_PLUS: [], SMOOTH_GRAD: []}
    for one in few:
        alike[GRAD_CAM].append(rank_correlation(grad_cam(network, one.picture)[0], np.maximum(one.heat, 0)))
        alike[GRAD_CAM_PLUS_PLUS].append(rank_correlation(grad_cam_plus_plus(network, one.picture)[0], one.heat))
        alike[SMOOTH_GRAD].append(rank_correlation(_coarse(smooth_grad(network, one.picture), one.heat), one.heat))
    return measured | {name: measure_share(np.array(values), patients(few)) for name, values in alike.items()}


def _warned(of: Sequence[Explained], limits: CheckLimits) -> dict:
    applicable = [one for one in of if one.checks]
    warned = np.array([bool(limits.doubts(one.checks)) for one in applicable], bool)
    return measure_share(warned, patients(applicable)) | {"not_applicable": len(of) - len(applicable)}


def _coarse(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """A finer map at the resolution of another, whose rows and columns divide its own."""
    rows, columns = like.shape
    return values.reshape(rows, values.shape[0] // rows, columns, values.shape[1] // columns).mean(axis=(1, 3))
