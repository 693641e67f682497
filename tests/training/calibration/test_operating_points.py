"""Operating points reach what they were chosen for, and conformal limits hold on pictures drawn anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.inference.decision import ConformalLimits, Verdict
from model.performance.binary_metrics import Predictions, youden_threshold
from tests.support.predictions import arbitrary_predictions, predictions
from training.calibration.conformal import COVERAGE, fit_conformal_limits
from training.calibration.operating_points import (
    MIN_SENSITIVITY,
    MIN_SPECIFICITY,
    select_operating_points,
    threshold_for_sensitivity,
    threshold_for_specificity,
)

# Ties in plenty, and neighbours; 1 itself is left out: nothing, not even it, is above a threshold of 1.
MANY_TIES = st.one_of(st.integers(0, 19).map(lambda n: n / 20), st.floats(0, 1, exclude_max=True))
levels = st.sampled_from([0.5, 0.75, 0.9, 0.98, 0.99])
ALMOST = 1e-9  # 0.98 of 50 are 49


def sensitivity(of: Predictions, threshold: float) -> float:
    return (of.probability[of.target == 1] >= threshold).mean()


def specificity(of: Predictions, threshold: float) -> float:
    return (of.probability[of.target == 0] < threshold).mean()


# --- one threshold


@settings(max_examples=200)
@given(of=arbitrary_predictions(probability=MANY_TIES), least=levels)
def test_the_sensitive_threshold_reaches_the_level_and_no_higher_one_does(of, least):
    threshold = threshold_for_sensitivity(of, least)

    assert sensitivity(of, threshold) >= least - ALMOST
    higher = [p for p in np.unique(of.probability) if p > threshold]
    next_up = next((p for p in np.unique(of.probability) if p >= threshold), threshold)
    assert all(sensitivity(of, np.nextafter(p, 2)) < least - ALMOST for p in [next_up, *higher])


@settings(max_examples=200)
@given(of=arbitrary_predictions(probability=MANY_TIES), least=levels)
def test_the_specific_threshold_reaches_the_level_and_no_lower_one_does(of, least):
    threshold = threshold_for_specificity(of, least)

    assert specificity(of, threshold) >= least - ALMOST
    assert all(specificity(of, p) < least - ALMOST for p in np.unique(of.probability) if p < threshold)


def test_of_a_hundred_ill_one_may_be_missed_and_the_threshold_stands_in_the_gap():
    ill = np.linspace(0.2, 0.992, 100)  # steps of 0.008
    of = predictions(np.repeat([1, 0], [100, 1]), [*ill, 0.1])

    assert threshold_for_sensitivity(of, 0.99) == pytest.approx(0.204)
    assert threshold_for_sensitivity(of, 1.0) == pytest.approx(0.15)
    assert threshold_for_sensitivity(of, 0.98) == pytest.approx(0.212)


def test_of_fifty_healthy_one_may_be_called_ill_and_the_threshold_stands_in_the_gap():
    healthy = np.linspace(0.01, 0.5, 50)
    of = predictions(np.repeat([0, 1], [50, 1]), [*healthy, 0.9])

    assert threshold_for_specificity(of, 0.98) == pytest.approx(0.495)
    assert threshold_for_specificity(of, 0.99) == pytest.approx(0.7)
    assert threshold_for_specificity(of, 0.96) == pytest.approx(0.485)


def test_where_the_least_of_the_ill_is_the_least_of_all_the_threshold_is_its_probability():
    assert threshold_for_sensitivity(predictions([1, 1, 0], [0.3, 0.6, 0.4]), 0.99) == 0.3


def test_where_the_greatest_of_the_healthy_is_the_greatest_of_all_the_threshold_is_half_way_to_certainty():
    assert threshold_for_specificity(predictions([0, 0, 1], [0.3, 0.6, 0.4]), 0.98) == pytest.approx(0.8)


# --- three points


@settings(max_examples=100)
@given(unshifted=arbitrary_predictions(probability=MANY_TIES), shifted=arbitrary_predictions(probability=MANY_TIES))
def test_points_are_ordered_and_reach_their_levels_on_the_pictures_and_under_shifts(unshifted, shifted):
    pooled = Predictions(
        *(np.concatenate([getattr(one, name) for one in (unshifted, shifted)]) for name in Predictions.__annotations__)
    )

    points = select_operating_points(unshifted, pooled, "on these")

    assert [point["name"] for point in points] == ["rule-out", "balanced", "rule-in"]
    rule_out, balanced, rule_in = (point["threshold"] for point in points)
    assert rule_out <= balanced <= rule_in
    assert balanced == youden_threshold(pooled)
    for of in (unshifted, pooled):
        assert sensitivity(of, rule_out) >= MIN_SENSITIVITY - ALMOST
        assert specificity(of, rule_in) >= MIN_SPECIFICITY - ALMOST


def test_where_the_classes_part_all_three_points_stand_in_the_one_gap():
    apart = predictions([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9])

    assert [point["threshold"] for point in select_operating_points(apart, apart, "here")] == pytest.approx(
        [0.4, 0.4, 0.4]
    )


def test_a_shift_that_hides_disease_lowers_the_rule_out_point():
    unshifted = predictions([0] * 50 + [1] * 50, [*np.linspace(0.01, 0.4, 50), *np.linspace(0.5, 0.99, 50)])
    probability = np.concatenate([unshifted.probability, np.where(unshifted.target, 0.1, 0.0)])
    pooled = predictions(np.tile(unshifted.target, 2), probability)

    before, after = (select_operating_points(unshifted, of, "here")[0]["threshold"] for of in (unshifted, pooled))

    assert before > 0.4
    assert after < 0.1


def test_every_point_says_how_and_on_what_it_was_chosen():
    apart = predictions([0, 1], [0.1, 0.9])

    assert [point["chosen"] for point in select_operating_points(apart, apart, "on 2 pictures")] == [
        "Highest threshold, not above the balanced one, of at least 99% sensitivity on 2 pictures.",
        "Largest sensitivity + specificity - 1 on 2 pictures.",
        "Lowest threshold, not below the balanced one, of at least 98% specificity on 2 pictures.",
    ]


# --- conformal limits


def two_classes(rng: np.random.Generator, n: int) -> Predictions:
    """n healthy and n ill whose probabilities overlap."""
    return predictions(np.repeat([0, 1], n), np.concatenate([rng.beta(2, 4, n), rng.beta(4, 2, n)]))


def test_on_pictures_drawn_anew_each_class_is_covered_about_as_often_as_promised():
    rng = np.random.default_rng(9)
    covered = {Verdict.NORMAL: [], Verdict.PNEUMONIA: []}
    for _ in range(60):
        limits = ConformalLimits(**fit_conformal_limits(two_classes(rng, 250), "here"))
        anew = two_classes(rng, 250)
        covered[Verdict.NORMAL] += (anew.probability[anew.target == 0] <= limits.most_normal).tolist()
        covered[Verdict.PNEUMONIA] += (anew.probability[anew.target == 1] >= limits.least_pneumonia).tolist()

    promised = 1 - 6 / 251  # the sixth from the end of 250: at least the coverage, and by less than 1 / 251 more
    for of in covered.values():
        assert np.mean(of) == pytest.approx(promised, abs=0.004)
    assert promised >= COVERAGE > promised - 1 / 251


def test_limits_are_the_kth_pictures_from_the_wrong_ends():
    # (n + 1) * 2.5 %: of 79 ill the second lowest, of 39 healthy the highest
    ill, healthy = np.linspace(0.4, 0.994, 79), np.linspace(0.01, 0.5, 39)
    order = np.random.default_rng(0).permutation(118)
    of = predictions(np.repeat([1, 0], [79, 39])[order], np.concatenate([ill, healthy])[order])

    assert fit_conformal_limits(of, "on 118 pictures") == {
        "coverage": 0.975,
        "least_pneumonia": ill[1],
        "most_normal": healthy[-1],
        "chosen": "Each class is plausible for 97.5% of its own pictures on 118 pictures.",
    }


def test_a_class_of_too_few_pictures_is_always_plausible():
    few_ill = predictions(np.repeat([1, 0], [38, 39]), np.concatenate([np.full(38, 0.9), np.full(39, 0.1)]))
    few_healthy = predictions(1 - few_ill.target, 1 - few_ill.probability)

    of_ill, of_healthy = (fit_conformal_limits(of, "here") for of in (few_ill, few_healthy))

    assert (of_ill["least_pneumonia"], of_ill["most_normal"]) == (0.0, 0.1)
    assert (of_healthy["least_pneumonia"], of_healthy["most_normal"]) == (0.9, 1.0)
