"""How far heat maps can be believed, over the official test split; nothing is chosen here.

Warning rates of the checks that each reading gets, deletion and insertion, evidence inside the lungs, agreement with
other methods; and where the truth is known: opacities that were put in, and boxes that radiologists drew.
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from dataset.split import Split
from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, SMOOTH_GRAD
from model.explanation.gradient_worker import grad_cam, grad_cam_plus_plus, smooth_grad
from model.explanation.reliability import ReliabilityLimits, evidence_share_in_lungs, rank_correlation
from model.inference.classifier import Classifier
from model.inference.decision import Verdict
from model.performance.binary_metrics import mean_with_ci
from model.release_files import ReleaseFile
from training.data.loading import draw_sample
from training.evaluation.heatmaps.cases import HeatMapCase, build_cases, patients_of
from training.evaluation.heatmaps.deletion_insertion import deletion_insertion_auc
from training.evaluation.heatmaps.radiologist_boxes import pointing_game_boxes
from training.evaluation.heatmaps.randomised_network import randomised_classifier
from training.evaluation.heatmaps.synthetic_opacities import pointing_game_synthetic

N_CHECKED = 400  # pictures whose heat maps are checked, which takes 153 readings of each
N_DELETION = 150  # pictures for deletion and insertion, which takes 44 readings of each
N_GRADIENT = 40  # pictures for the methods of tf-keras-vis, and for each network with random weights
RANDOM_SEEDS = (1, 2, 3)


def measure_heat_maps(classifier: Classifier, parts: Split, adults: Path | None) -> dict:
    """Figures of the heat maps of a release.

    Args:
        reader: of the release.
        parts: of whose test part CHECKED pictures are measured; opacities are put into the normal films of validation.
        adults: folder of films of adults, where there is one.

    Returns:
        {"warnings", "curves", "inside_lungs", "agreement", "known_answers", "adult_boxes"}, see the functions: shares
        and means with n and 95 % interval by patient. None for what is not measured.
    """
    explained = build_cases(classifier, draw_sample(parts.test, N_CHECKED), "checking explanations of test")
    found = [one for one in explained if one.right and one.verdict is Verdict.PNEUMONIA]
    return {
        "warnings": warning_rates(classifier, explained),
        "curves": deletion_insertion_auc(classifier, draw_sample(found, N_DELETION)),
        "inside_lungs": evidence_in_lungs(classifier, explained),
        "agreement": method_agreement(classifier, explained),
        "known_answers": pointing_game_synthetic(classifier, [r for r in parts.validation if not r.target]),
        "adult_boxes": pointing_game_boxes(classifier, adults) if adults else None,
    }


def warning_rates(classifier: Classifier, explained: Sequence[HeatMapCase]) -> dict | None:
    """Of the readings with positive evidence, how many are warned about; None where the release has no limits.

    Returns:
        Readings to the share that is warned about, with "not_applicable", how many have no positive evidence.
        "randomised": some of the same pictures, read by networks with random weights.
    """
    limits = ReliabilityLimits.from_release(classifier.release)
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
    few = draw_sample(explained, N_GRADIENT)
    for seed in RANDOM_SEEDS:
        ignorant = randomised_classifier(classifier.release, np.concatenate([one.picture for one in few]), seed)
        kinds["randomised"] += build_cases(ignorant, [one.record for one in few], "the same of random weights")
    return {name: _warned(of, limits) for name, of in kinds.items()}


def evidence_in_lungs(classifier: Classifier, explained: Sequence[HeatMapCase]) -> dict:
    """Mean share of the positive evidence inside the lung fields, and of what is seen there: the value of chance."""
    of = [one for one in explained if one.checks and one.checks.inside_lungs is not None]
    even, box = np.ones((1, 1)), classifier.release.view.box
    area = [evidence_share_in_lungs(even, box(one.seen.lungs), one.seen.lungs) for one in of]
    evidence = [one.checks.inside_lungs for one in of]
    return {
        name: mean_with_ci(np.array(values), patients_of(of))
        for name, values in (("evidence", evidence), ("area", area))
    }


def method_agreement(classifier: Classifier, explained: Sequence[HeatMapCase]) -> dict:
    """Mean rank correlation of the heat map with each other method, where there is positive evidence.

    With occlusion over all of them, with the methods of tf-keras-vis over FEW.
    """
    of = [one for one in explained if one.checks]
    measured = {"occlusion": mean_with_ci(np.array([one.checks.agreement for one in of]), patients_of(of))}
    few = draw_sample(of, N_GRADIENT)
    network = keras.models.load_model(classifier.release.directory / ReleaseFile.CLASSIFIER_KERAS)
    alike: dict[str, list[float]] = {GRAD_CAM: [], GRAD_CAM_PLUS_PLUS: [], SMOOTH_GRAD: []}
    for one in few:
        alike[GRAD_CAM].append(rank_correlation(grad_cam(network, one.picture)[0], np.maximum(one.heat, 0)))
        alike[GRAD_CAM_PLUS_PLUS].append(rank_correlation(grad_cam_plus_plus(network, one.picture)[0], one.heat))
        alike[SMOOTH_GRAD].append(rank_correlation(_coarse(smooth_grad(network, one.picture), one.heat), one.heat))
    return measured | {name: mean_with_ci(np.array(values), patients_of(few)) for name, values in alike.items()}


def _warned(of: Sequence[HeatMapCase], limits: ReliabilityLimits) -> dict:
    applicable = [one for one in of if one.checks]
    warned = np.array([bool(limits.violations(one.checks)) for one in applicable], bool)
    return mean_with_ci(warned, patients_of(applicable)) | {"not_applicable": len(of) - len(applicable)}


def _coarse(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """A finer map at the resolution of another, whose rows and columns divide its own."""
    rows, columns = like.shape
    return values.reshape(rows, values.shape[0] // rows, columns, values.shape[1] // columns).mean(axis=(1, 3))
