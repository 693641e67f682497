"""Platt scaling and calibration metrics, compared with manual calculations and simulated data."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from model.inference.decision import Calibration
from model.performance.binary_metrics import Predictions
from tests.support.predictions import UNDEFINED, predictions
from training.calibration.platt import fit_calibration
from training.evaluation import calibration_metrics as calibration_module
from training.evaluation.calibration_metrics import calibration_metrics

pytestmark = pytest.mark.slow

METRICS = ("ece", "brier", "slope", "intercept")


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Use 40 bootstrap draws, because each needs a regression."""
    monkeypatch.setattr(calibration_module, "RECALIBRATION_DRAWS", 40)


def simulate(n: int, seed: int, slope: float = 1.0, intercept: float = 0.0) -> Predictions:
    """Return a wide range of probabilities, and targets drawn after applying slope and intercept to the log odds."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0, 2, n)
    probability = 1 / (1 + np.exp(-log_odds))
    true_probability = 1 / (1 + np.exp(-(slope * log_odds + intercept)))
    return predictions((rng.random(n) < true_probability).astype(int), probability)


# --- fitting


@settings(max_examples=30)
@given(
    logits=st.lists(st.floats(-8, 8), min_size=8, max_size=40, unique=True),
    slope=st.floats(0.2, 3),
    intercept=st.floats(-2, 2),
)
def test_calibration_of_separable_classes_is_increasing_and_finite(logits, slope, intercept):
    logits = np.sort(logits)
    target = np.arange(len(logits)) >= len(logits) // 2

    calibration = fit_calibration(logits * slope + intercept, target.astype(int))

    assert calibration.slope > 0
    assert np.isfinite(dataclasses.astuple(calibration)).all()


def test_calibration_recovers_slope_and_intercept():
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 2, 20_000)
    target = (rng.random(20_000) < Calibration(0.7, -1.0).probability(logits)).astype(int)

    calibration = fit_calibration(logits, target)

    assert (calibration.slope, calibration.intercept) == (pytest.approx(0.7, abs=0.05), pytest.approx(-1, abs=0.06))


# --- measuring


def test_ece_is_the_mean_gap_over_bins():
    # 30 images in 15 bins of two; the first bins are all normal, the last all pneumonia, one pair is mixed
    probability = np.arange(1, 31) / 31
    target = np.repeat([0, 1], [15, 15])

    measured = calibration_metrics(predictions(target, probability), calibrated_at=0.5)["raw"]

    pairs = zip(probability[::2], probability[1::2], target[::2], target[1::2], strict=True)
    gaps = [abs((p1 + p2) / 2 - (target1 + target2) / 2) for p1, p2, target1, target2 in pairs]
    assert measured["ece"]["value"] == pytest.approx(sum(gaps) / 15)
    assert gaps[7] == pytest.approx(0)  # the mixed pair, 15/31 and 16/31, is correct on average


def test_the_brier_score_is_the_same_as_in_scikit_learn():
    simulated = simulate(200, seed=1)

    measured = calibration_metrics(simulated, calibrated_at=0.5)["raw"]

    assert measured["brier"]["value"] == pytest.approx(brier_score_loss(simulated.target, simulated.probability))


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, -1.0), (1.6, 0.8)])
def test_slope_and_intercept_are_those_used_in_the_simulation(slope, intercept):
    simulated = simulate(800, seed=3, slope=slope, intercept=intercept)

    measured = calibration_metrics(simulated, calibrated_at=0.5)["raw"]

    log_odds = np.log(simulated.probability / (1 - simulated.probability))[:, np.newaxis]
    regression = LogisticRegression(C=np.inf).fit(log_odds, simulated.target)
    assert measured["slope"]["value"] == pytest.approx(regression.coef_[0, 0], rel=1e-3)
    assert measured["intercept"]["value"] == pytest.approx(regression.intercept_[0], rel=1e-3, abs=1e-3)
    assert measured["slope"]["value"] == pytest.approx(slope, abs=0.3)  # three standard errors
    assert measured["intercept"]["value"] == pytest.approx(intercept, abs=0.3)
    for name in ("slope", "intercept"):
        assert measured[name]["low"] < measured[name]["value"] < measured[name]["high"]


def test_the_probabilities_of_the_simulation_are_well_calibrated():
    measured = calibration_metrics(simulate(800, seed=5), calibrated_at=0.5)["raw"]

    assert measured["slope"]["value"] == pytest.approx(1, abs=0.2)
    assert measured["intercept"]["value"] == pytest.approx(0, abs=0.2)
    assert measured["ece"]["value"] < 0.07  # not 0, because a bin has only 53 images
    miscalibrated = calibration_metrics(simulate(800, seed=5, slope=0.4, intercept=1.0), calibrated_at=0.5)["raw"]
    assert miscalibrated["ece"]["value"] > 0.2
    assert miscalibrated["brier"]["value"] > measured["brier"]["value"]


def test_adjustment_for_prevalence_corrects_probabilities_at_another_prevalence():
    population = simulate(2500, seed=6)
    positives = np.flatnonzero(population.target == 1)
    kept = np.sort(np.concatenate([np.flatnonzero(population.target == 0), positives[: len(positives) // 9]]))
    rarer = predictions(population.target[kept], population.probability[kept])

    measured = calibration_metrics(rarer, calibrated_at=population.target.mean())

    assert measured["prevalence"] == pytest.approx(0.1, abs=0.01)
    raw, adjusted = measured["raw"], measured["prevalence_adjusted"]
    assert raw["intercept"]["high"] < -1.5
    assert adjusted["intercept"]["low"] < 0 < adjusted["intercept"]["high"]
    assert adjusted["slope"]["value"] == pytest.approx(raw["slope"]["value"], rel=1e-3)
    assert adjusted["ece"]["value"] < 0.2 * raw["ece"]["value"]
    assert adjusted["brier"]["value"] < raw["brier"]["value"]


def test_adjustment_to_the_calibrated_prevalence_changes_nothing():
    simulated = simulate(150, seed=7)

    measured = calibration_metrics(simulated, calibrated_at=float(simulated.target.mean()))

    assert measured["prevalence_adjusted"] == measured["raw"]


def test_separable_classes_and_certain_probabilities_give_finite_metrics():
    certain = predictions([0, 0, 0, 1, 1, 1], [0.0, 0.0, 0.2, 0.8, 1.0, 1.0])

    measured = calibration_metrics(certain, calibrated_at=0.3)

    for errors in (measured["raw"], measured["prevalence_adjusted"]):
        assert all(np.isfinite(list(errors[name].values())).all() for name in METRICS)
        assert errors["slope"]["value"] > 0


def test_a_certain_error_gives_finite_metrics():
    measured = calibration_metrics(predictions([0, 0, 1, 1], [1.0, 0.2, 0.0, 0.9]), calibrated_at=0.5)["raw"]

    assert all(np.isfinite(list(measured[name].values())).all() for name in METRICS)


@pytest.mark.parametrize("target", [0, 1])
def test_a_single_class_has_no_slope_intercept_or_adjustment(target):
    probability = np.array([0.2, 0.4, 0.6, 0.9])

    measured = calibration_metrics(predictions([target] * 4, probability), calibrated_at=0.5)

    assert (measured["prevalence"], measured["prevalence_adjusted"]) == (target, None)
    errors = measured["raw"]
    assert errors["slope"] == errors["intercept"] == UNDEFINED
    assert errors["ece"]["value"] == pytest.approx(np.abs(probability - target).mean())
    assert errors["brier"]["value"] == pytest.approx(((probability - target) ** 2).mean())


def test_copies_of_a_patients_images_do_not_narrow_the_intervals():
    simulated = simulate(100, seed=8)
    copied = Predictions(
        *(np.repeat(values, 15) for values in (simulated.target, simulated.probability, simulated.patient))
    )  # 15 copies, so that the bins contain the same images

    once, often = (
        calibration_metrics(predicted, calibrated_at=0.5)["raw"]["brier"] for predicted in (simulated, copied)
    )

    assert often == pytest.approx(once)
