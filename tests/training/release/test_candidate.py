"""The candidate: what is fitted or selected, and on which images."""

import dataclasses

import numpy as np
import pytest

from model.errors import TrainingError
from model.inference.classifier import Classifier
from model.performance.binary_metrics import Predictions
from model.performance.release_data import predictions_of
from model.release_files import ReleaseFile
from tests.support.candidates import exactly
from training.calibration.conformal import fit_conformal_limits
from training.calibration.operating_points import BALANCED, RULE_IN, RULE_OUT, select_operating_points
from training.calibration.platt import fit_calibration
from training.data.loading import network_inputs
from training.evaluate import rows_of_split
from training.evaluation.robustness import framings, logits_under_perturbation, perturbations
from training.release.candidate import MAP_QUANTILE, assemble_candidate

pytestmark = pytest.mark.usefixtures("small_samples")


def test_a_run_that_has_not_ended_gives_no_candidate(own_run, split):
    (own_run / ReleaseFile.CLASSIFIER_KERAS).unlink()

    message = (
        f"{own_run} holds no finished training run. Finish it with `python -m training fit-classifier --run {own_run}`."
    )
    with pytest.raises(TrainingError, match=exactly(message)):
        assemble_candidate(own_run, split)


def test_calibration_points_limits_and_map_scale_come_from_validation_alone(candidate, predictions, split):
    validation = predictions_of(rows_of_split(predictions, "validation"))
    classifier = Classifier(candidate)
    outputs = [classifier.classify(image[np.newaxis]) for image in network_inputs(classifier, split.validation)]
    evidence = np.concatenate([output.class_activation_map.ravel() for output in outputs])

    logits = np.array([output.logit for output in outputs])
    calibration = fit_calibration(logits, validation.target)
    assert dataclasses.astuple(candidate.calibration) == pytest.approx(dataclasses.astuple(calibration), rel=1e-6)
    assert candidate.map_scale == pytest.approx(np.quantile(evidence[evidence > 0], MAP_QUANTILE))
    perturbed = logits_under_perturbation(classifier, split.validation)
    n_copies = 1 + len(perturbations() | framings())
    pooled = Predictions(
        np.tile(validation.target, n_copies),
        candidate.calibration.probability(np.concatenate([logits, *perturbed.values()])),
        np.tile(validation.patient, n_copies),
    )
    where = "on 20 validation pictures, unshifted and under 20 shifts"
    points = select_operating_points(validation, pooled, where)
    assert [(p.name, p.chosen) for p in candidate.operating_points] == [(p["name"], p["chosen"]) for p in points]
    assert [p.threshold for p in candidate.operating_points] == pytest.approx(
        [p["threshold"] for p in points], rel=1e-9
    )
    limits = fit_conformal_limits(pooled, where)
    assert candidate.conformal.chosen == limits.pop("chosen")
    assert {name: getattr(candidate.conformal, name) for name in limits} == pytest.approx(limits, rel=1e-9)


def test_a_candidate_has_three_operating_points_and_the_balanced_one_is_the_default(candidate):
    assert [point.name for point in candidate.operating_points] == [RULE_OUT, BALANCED, RULE_IN]
    assert candidate.operating_point().name == BALANCED
    assert candidate.operating_point().chosen == (
        "Largest sensitivity + specificity - 1 on 20 validation pictures, unshifted and under 20 shifts."
    )
