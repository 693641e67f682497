"""From logits to probabilities, and whether these are what happens: against counts by hand and drawn truths."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

import training.calibration.platt
from model.inference.decision import Calibration
from model.performance.binary_metrics import Predictions
from tests.support.predictions import UNDEFINED, predictions
from training.calibration.platt import fit_calibration
from training.evaluation.calibration_metrics import calibration_metrics

FIGURES = ("ece", "brier", "slope", "intercept")


@pytest.fixture(autouse=True)
def few_fits(monkeypatch):
    """Each draw is a regression of its own; forty tell enough here."""
    monkeypatch.setattr(training.evaluation.calibration_metrics, "RECALIBRATION_DRAWS", 40)


def drawn(n: int, seed: int, slope: float = 1.0, intercept: float = 0.0) -> Predictions:
    """Probabilities of a broad range, and targets drawn from them after their log odds were bent."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0, 2, n)
    probability, truth = (1 / (1 + np.exp(-one)) for one in (log_odds, slope * log_odds + intercept))
    return predictions((rng.random(n) < truth).astype(int), probability)


# --- fitting


@settings(max_examples=30)
@given(
    logits=st.lists(st.floats(-8, 8), min_size=8, max_size=40, unique=True),
    slope=st.floats(0.2, 3),
    intercept=st.floats(-2, 2),
)
def test_calibration_of_separable_classes_keeps_the_order_and_stays_finite(logits, slope, intercept):
    logits = np.sort(logits)
    target = np.arange(len(logits)) >= len(logits) // 2

    fitted = fit_calibration(logits * slope + intercept, target.astype(int))

    assert fitted.slope > 0
    assert np.isfinite(dataclasses.astuple(fitted)).all()


def test_calibration_finds_the_probabilities_that_the_targets_were_drawn_with():
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 2, 20_000)
    target = (rng.random(20_000) < Calibration(0.7, -1.0).probability(logits)).astype(int)

    fitted = fit_calibration(logits, target)

    assert (fitted.slope, fitted.intercept) == (pytest.approx(0.7, abs=0.05), pytest.approx(-1, abs=0.06))


# --- measuring


def test_ece_is_the_mean_gap_of_the_bins_counted_by_hand():
    # 30 pictures in 15 bins of two; those of the first bins are all healthy, of the last all ill, one pair is mixed
    probability = np.arange(1, 31) / 31
    target = np.repeat([0, 1], [15, 15])

    measured = calibration_metrics(predictions(target, probability), calibrated_at=0.5)["as_stated"]

    pairs = zip(probability[::2], probability[1::2], target[::2], target[1::2], strict=True)
    gaps = [abs((one + two) / 2 - (of_one + of_two) / 2) for one, two, of_one, of_two in pairs]
    assert measured["ece"]["value"] == pytest.approx(sum(gaps) / 15)
    assert gaps[7] == pytest.approx(0)  # the mixed pair, 15/31 and 16/31, is right on average


def test_the_brier_score_is_scikit_learns():
    some = drawn(200, seed=1)

    measured = calibration_metrics(some, calibrated_at=0.5)["as_stated"]

    assert measured["brier"]["value"] == pytest.approx(brier_score_loss(some.target, some.probability))


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, -1.0), (1.6, 0.8)])
def test_slope_and_intercept_are_those_that_the_truth_was_bent_by(slope, intercept):
    some = drawn(800, seed=3, slope=slope, intercept=intercept)

    measured = calibration_metrics(some, calibrated_at=0.5)["as_stated"]

    log_odds = np.log(some.probability / (1 - some.probability))[:, np.newaxis]
    fitted = LogisticRegression(C=np.inf).fit(log_odds, some.target)
    assert measured["slope"]["value"] == pytest.approx(fitted.coef_[0, 0], rel=1e-3)
    assert measured["intercept"]["value"] == pytest.approx(fitted.intercept_[0], rel=1e-3, abs=1e-3)
    assert measured["slope"]["value"] == pytest.approx(slope, abs=0.3)  # three standard errors
    assert measured["intercept"]["value"] == pytest.approx(intercept, abs=0.3)
    for name in ("slope", "intercept"):
        assert measured[name]["low"] < measured[name]["value"] < measured[name]["high"]


def test_probabilities_that_targets_were_drawn_from_are_well_calibrated():
    measured = calibration_metrics(drawn(800, seed=5), calibrated_at=0.5)["as_stated"]

    assert measured["slope"]["value"] == pytest.approx(1, abs=0.2)
    assert measured["intercept"]["value"] == pytest.approx(0, abs=0.2)
    assert measured["ece"]["value"] < 0.07  # not 0: of 53 pictures in a bin some happen to be ill
    bent = calibration_metrics(drawn(800, seed=5, slope=0.4, intercept=1.0), calibrated_at=0.5)["as_stated"]
    assert bent["ece"]["value"] > 0.2
    assert bent["brier"]["value"] > measured["brier"]["value"]


def test_correction_for_prevalence_repairs_pictures_of_another_mix():
    whole = drawn(2500, seed=6)
    ill = np.flatnonzero(whole.target == 1)
    kept = np.sort(np.concatenate([np.flatnonzero(whole.target == 0), ill[: len(ill) // 9]]))
    rarer = predictions(whole.target[kept], whole.probability[kept])

    measured = calibration_metrics(rarer, calibrated_at=whole.target.mean())

    assert measured["prevalence"] == pytest.approx(0.1, abs=0.01)
    stated, corrected = measured["as_stated"], measured["at_this_prevalence"]
    assert stated["intercept"]["high"] < -1.5
    assert corrected["intercept"]["low"] < 0 < corrected["intercept"]["high"]
    assert corrected["slope"]["value"] == pytest.approx(stated["slope"]["value"], rel=1e-3)
    assert corrected["ece"]["value"] < 0.2 * stated["ece"]["value"]
    assert corrected["brier"]["value"] < stated["brier"]["value"]


def test_at_the_prevalence_of_the_probabilities_there_is_nothing_to_correct():
    some = drawn(150, seed=7)

    measured = calibration_metrics(some, calibrated_at=float(some.target.mean()))

    assert measured["at_this_prevalence"] == measured["as_stated"]


def test_separable_classes_and_certain_probabilities_give_finite_figures():
    certain = predictions([0, 0, 0, 1, 1, 1], [0.0, 0.0, 0.2, 0.8, 1.0, 1.0])

    measured = calibration_metrics(certain, calibrated_at=0.3)

    for figures in (measured["as_stated"], measured["at_this_prevalence"]):
        assert all(np.isfinite(list(figures[name].values())).all() for name in FIGURES)
        assert figures["slope"]["value"] > 0


def test_a_certain_mistake_gives_finite_figures():
    measured = calibration_metrics(predictions([0, 0, 1, 1], [1.0, 0.2, 0.0, 0.9]), calibrated_at=0.5)["as_stated"]

    assert all(np.isfinite(list(measured[name].values())).all() for name in FIGURES)


@pytest.mark.parametrize("target", [0, 1])
def test_one_class_alone_has_neither_slope_nor_intercept_nor_a_prevalence_to_correct_for(target):
    probability = np.array([0.2, 0.4, 0.6, 0.9])

    measured = calibration_metrics(predictions([target] * 4, probability), calibrated_at=0.5)

    assert (measured["prevalence"], measured["at_this_prevalence"]) == (target, None)
    figures = measured["as_stated"]
    assert figures["slope"] == figures["intercept"] == UNDEFINED
    assert figures["ece"]["value"] == pytest.approx(np.abs(probability - target).mean())
    assert figures["brier"]["value"] == pytest.approx(((probability - target) ** 2).mean())


def test_copies_of_the_same_patients_pictures_do_not_narrow_the_intervals():
    some = drawn(100, seed=8)
    copied = Predictions(
        *(np.repeat(of, 15) for of in (some.target, some.probability, some.patient))
    )  # 15: the same bins

    once, often = (calibration_metrics(one, calibrated_at=0.5)["as_stated"]["brier"] for one in (some, copied))

    assert often == pytest.approx(once)
