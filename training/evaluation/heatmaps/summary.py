"""Reliability of heat maps on the official test split. Nothing is fitted or selected here.

The measurements are warning rates, deletion and insertion, evidence inside the lungs, agreement with other methods, and
two comparisons with known locations: synthetic opacities, and boxes drawn by radiologists.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dataset.images import ImageDecoder, decode_image
from dataset.split import Split
from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, SMOOTH_GRAD
from model.explanation.gradient_worker import grad_cam, grad_cam_plus_plus, smooth_grad
from model.explanation.reliability import (
    HeatMapReliability,
    ReliabilityLimits,
    evidence_share_in_lungs,
    rank_correlation,
)
from model.inference.classifier import Classifier
from model.inference.decision import Verdict
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import CountedEstimate, LungEvidence, WarningRate
from model.release_files import ReleaseFile
from training.data.loading import draw_sample
from training.evaluation.heatmaps.cases import HeatMapCase, build_cases, patients_of
from training.evaluation.heatmaps.deletion_insertion import deletion_insertion_auc
from training.evaluation.heatmaps.radiologist_boxes import pointing_game_boxes
from training.evaluation.heatmaps.randomised_network import randomised_classifier
from training.evaluation.heatmaps.synthetic_opacities import pointing_game_synthetic
from training.networks.classifier import load_logit_network

N_CHECKED = 400  # images whose heat maps are checked; each takes 153 forward passes
N_DELETION = 150  # images for deletion and insertion; each takes 44 forward passes
N_GRADIENT = 40  # images for the tf-keras-vis methods, and for each network with random weights
RANDOM_SEEDS = (1, 2, 3)


def measure_heat_maps(
    classifier: Classifier, split: Split, adults: Path | None, decoder: ImageDecoder = decode_image
) -> dict[str, Any]:
    """Measure the heat maps of a release.

    Args:
        classifier: Classifier of the release.
        split: Images in each split. N_CHECKED test images are measured; synthetic opacities are added to normal
            validation images.
        adults: Folder with radiographs of adults; None if they are not measured.
        decoder: Decodes the images in the splits.

    Returns:
        See `model.performance.schema.HeatMapMetrics`. Entries that are not measured are null.
    """
    cases = build_cases(classifier, draw_sample(split.test, N_CHECKED), "heat maps: test images", decoder)
    true_positives = [case for case in cases if case.is_correct and case.verdict is Verdict.PNEUMONIA]
    normal = [record for record in split.validation if not record.target]
    return {
        "warnings": warning_rates(classifier, cases),
        "deletion_insertion": deletion_insertion_auc(classifier, draw_sample(true_positives, N_DELETION)),
        "inside_lungs": evidence_in_lungs(classifier, cases),
        "agreement": method_agreement(classifier, cases),
        "synthetic_opacities": pointing_game_synthetic(classifier, normal, decoder),
        "adult_boxes": pointing_game_boxes(classifier, adults) if adults else None,
    }


def warning_rates(classifier: Classifier, cases: Sequence[HeatMapCase]) -> dict[str, WarningRate] | None:
    """Return the share of findings with a warning, among all findings with positive evidence.

    Returns:
        Rate by kind of finding; None if the release has no limits. "randomised" is the rate for a sample of the same
        images, classified by networks with random weights.
    """
    limits = ReliabilityLimits.from_release(classifier.release)
    if limits is None:
        return None
    cases_by_kind: dict[str, list[HeatMapCase]] = {
        "right_pneumonia": [case for case in cases if case.is_correct and case.record.target],
        "right_normal": [case for case in cases if case.is_correct and not case.record.target],
        "false_alarm": [case for case in cases if case.is_correct is False and not case.record.target],
        "missed": [case for case in cases if case.is_correct is False and case.record.target],
        "indeterminate": [case for case in cases if case.is_correct is None],
        "randomised": [],
    }
    sample = draw_sample(cases, N_GRADIENT)
    records = [case.record for case in sample]
    for seed in RANDOM_SEEDS:
        network_inputs = np.concatenate([case.network_input for case in sample])
        random_classifier = randomised_classifier(classifier.release, network_inputs, seed)
        cases_by_kind["randomised"] += build_cases(random_classifier, records, "heat maps: random weights")
    return {kind: _warning_rate(members, limits) for kind, members in cases_by_kind.items()}


def evidence_in_lungs(classifier: Classifier, cases: Sequence[HeatMapCase]) -> LungEvidence:
    """Return the mean shares of the positive evidence and of the area that are inside the lungs.

    The share of the area is the share of evidence to be expected if evidence were at random positions.
    """
    applicable = [case for case in cases if case.class_activation and case.class_activation.inside_lungs is not None]
    uniform, region = np.ones((1, 1)), classifier.release.input_region
    evidence = [_required(case.class_activation).inside_lungs for case in applicable]
    area = [
        evidence_share_in_lungs(uniform, region.box(case.inference.lungs), case.inference.lungs) for case in applicable
    ]
    patient = patients_of(applicable)
    return {
        "evidence": mean_with_ci(np.array(evidence), patient),
        "area": mean_with_ci(np.array(area), patient),
    }


def method_agreement(classifier: Classifier, cases: Sequence[HeatMapCase]) -> dict[str, CountedEstimate]:
    """Return the mean rank correlation between the heat map and the map from each other method.

    Cases without positive evidence are left out. The tf-keras-vis methods run on only N_GRADIENT cases.
    """
    applicable = [case for case in cases if case.class_activation]
    occlusion = np.array([_required(case.class_activation).agreement for case in applicable])
    sample = draw_sample(applicable, N_GRADIENT)
    network = load_logit_network(classifier.release.directory / ReleaseFile.CLASSIFIER_KERAS)
    correlations: dict[str, list[float]] = {GRAD_CAM: [], GRAD_CAM_PLUS_PLUS: [], SMOOTH_GRAD: []}
    for case in sample:
        heat, network_input = case.heat, case.network_input
        correlations[GRAD_CAM].append(rank_correlation(grad_cam(network, network_input)[0], np.maximum(heat, 0)))
        correlations[GRAD_CAM_PLUS_PLUS].append(rank_correlation(grad_cam_plus_plus(network, network_input)[0], heat))
        smooth = _downsample(smooth_grad(network, network_input), heat.shape)
        correlations[SMOOTH_GRAD].append(rank_correlation(smooth, heat))
    return {"occlusion": mean_with_ci(occlusion, patients_of(applicable))} | {
        name: mean_with_ci(np.array(values), patients_of(sample)) for name, values in correlations.items()
    }


def _warning_rate(cases: Sequence[HeatMapCase], limits: ReliabilityLimits) -> WarningRate:
    applicable = [case for case in cases if case.reliability]
    has_warning = np.array([len(limits.violations(_required(case.reliability))) > 0 for case in applicable], bool)
    return {
        **mean_with_ci(has_warning, patients_of(applicable)),
        "not_applicable": len(cases) - len(applicable),
    }


def _required(reliability: HeatMapReliability | None) -> HeatMapReliability:
    """Return the checks of a map that shows something."""
    if reliability is None:
        raise ValueError("The map shows nothing to check.")
    return reliability


def _downsample(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Average a map over blocks. Its height and width must be multiples of the new height and width."""
    rows, columns = shape
    blocks = values.reshape(rows, values.shape[0] // rows, columns, values.shape[1] // columns)
    means: np.ndarray = blocks.mean(axis=(1, 3))
    return means
