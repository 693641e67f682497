"""Operating points reach their targets, and conformal limits hold on new images."""

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

pytestmark = pytest.mark.slow

# Probabilities with many ties and close neighbours. 1 is excluded, because none is above a threshold of 1.
MANY_TIES = st.one_of(st.integers(0, 19).map(lambda n: n / 20), st.floats(0, 1, exclude_max=True))
levels = st.sampled_from([0.5, 0.75, 0.9, 0.98, 0.99])
ALMOST = 1e-9  # rounding: 0.98 of 50 is 49


def sensitivity(predicted: Predictions, threshold: float) -> float:
    return (predicted.probability[predicted.target == 1] >= threshold).mean()


def specificity(predicted: Predictions, threshold: float) -> float:
    return (predicted.probability[predicted.target == 0] < threshold).mean()


# --- one threshold


@pytest.mark.parametrize(
    ("choose", "share", "beyond"),
    [
        pytest.param(
            threshold_for_sensitivity,
            sensitivity,
            lambda probability, threshold: np.nextafter(probability[probability >= threshold], 2),
            id="the highest for sensitivity",
        ),
        pytest.param(
            threshold_for_specificity,
            specificity,
            lambda probability, threshold: probability[probability < threshold],
            id="the lowest for specificity",
        ),
    ],
)
@settings(max_examples=2 * settings.default.max_examples)
@given(predicted=arbitrary_predictions(probability=MANY_TIES), level=levels)
def test_the_threshold_reaches_the_level_and_none_beyond_it_does(choose, share, beyond, predicted, level):
    threshold = choose(predicted, level)

    assert share(predicted, threshold) >= level - ALMOST
    further = beyond(np.unique(predicted.probability), threshold)
    assert all(share(predicted, other) < level - ALMOST for other in further)


def test_99_percent_sensitivity_allows_one_missed_case_in_a_hundred():
    ill = np.linspace(0.2, 0.992, 100)  # steps of 0.008
    predicted = predictions(np.repeat([1, 0], [100, 1]), [*ill, 0.1])

    assert threshold_for_sensitivity(predicted, 0.99) == pytest.approx(0.204)
    assert threshold_for_sensitivity(predicted, 1.0) == pytest.approx(0.15)
    assert threshold_for_sensitivity(predicted, 0.98) == pytest.approx(0.212)


def test_98_percent_specificity_allows_one_false_alarm_in_fifty():
    normal = np.linspace(0.01, 0.5, 50)
    predicted = predictions(np.repeat([0, 1], [50, 1]), [*normal, 0.9])

    assert threshold_for_specificity(predicted, 0.98) == pytest.approx(0.495)
    assert threshold_for_specificity(predicted, 0.99) == pytest.approx(0.7)
    assert threshold_for_specificity(predicted, 0.96) == pytest.approx(0.485)


def test_without_a_lower_probability_the_threshold_is_the_lowest_probability_of_pneumonia():
    assert threshold_for_sensitivity(predictions([1, 1, 0], [0.3, 0.6, 0.4]), 0.99) == 0.3


def test_without_a_higher_probability_the_threshold_is_halfway_to_1():
    assert threshold_for_specificity(predictions([0, 0, 1], [0.3, 0.6, 0.4]), 0.98) == pytest.approx(0.8)


# --- three points


@given(unperturbed=arbitrary_predictions(probability=MANY_TIES), perturbed=arbitrary_predictions(probability=MANY_TIES))
def test_points_are_ordered_and_reach_their_targets_unperturbed_and_pooled(unperturbed, perturbed):
    pooled = Predictions(
        *(
            np.concatenate([getattr(predicted, name) for predicted in (unperturbed, perturbed)])
            for name in Predictions.__annotations__
        )
    )

    points = select_operating_points(unperturbed, pooled, "these images")

    assert [point.name for point in points] == ["rule-out", "balanced", "rule-in"]
    rule_out, balanced, rule_in = (point.threshold for point in points)
    assert rule_out <= balanced <= rule_in
    assert balanced == youden_threshold(pooled)
    for predicted in (unperturbed, pooled):
        assert sensitivity(predicted, rule_out) >= MIN_SENSITIVITY - ALMOST
        assert specificity(predicted, rule_in) >= MIN_SPECIFICITY - ALMOST


def test_separable_classes_have_all_three_points_in_the_gap():
    apart = predictions([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9])

    assert [point.threshold for point in select_operating_points(apart, apart, "these images")] == pytest.approx(
        [0.4, 0.4, 0.4]
    )


def test_a_perturbation_that_hides_disease_lowers_the_rule_out_point():
    unperturbed = predictions([0] * 50 + [1] * 50, [*np.linspace(0.01, 0.4, 50), *np.linspace(0.5, 0.99, 50)])
    probability = np.concatenate([unperturbed.probability, np.where(unperturbed.target, 0.1, 0.0)])
    pooled = predictions(np.tile(unperturbed.target, 2), probability)

    before, after = (
        select_operating_points(unperturbed, predicted, "these images")[0].threshold
        for predicted in (unperturbed, pooled)
    )

    assert before > 0.4
    assert after < 0.1


def test_every_point_states_how_it_was_selected():
    apart = predictions([0, 1], [0.1, 0.9])

    assert [point.rationale for point in select_operating_points(apart, apart, "2 images")] == [
        "Highest threshold that does not exceed the balanced one and has at least 99% sensitivity on 2 images.",
        "Threshold with the highest value of sensitivity + specificity - 1 (Youden's index) on 2 images.",
        "Lowest threshold at or above the balanced one that has at least 98% specificity on 2 images.",
    ]


# --- conformal limits


def two_classes(rng: np.random.Generator, n: int) -> Predictions:
    """Return n normal images and n images with pneumonia, with overlapping probabilities."""
    return predictions(np.repeat([0, 1], n), np.concatenate([rng.beta(2, 4, n), rng.beta(4, 2, n)]))


def test_coverage_on_new_images_is_as_promised():
    rng = np.random.default_rng(9)
    covered = {Verdict.NORMAL: [], Verdict.PNEUMONIA: []}
    for _ in range(60):
        limits = fit_conformal_limits(two_classes(rng, 250), "these images")
        new = two_classes(rng, 250)
        covered[Verdict.NORMAL] += (new.probability[new.target == 0] <= limits.normal_up_to).tolist()
        covered[Verdict.PNEUMONIA] += (new.probability[new.target == 1] >= limits.pneumonia_from).tolist()

    promised = 1 - 6 / 251  # the sixth most extreme of 250: at least COVERAGE, and at most 1 / 251 more
    for values in covered.values():
        assert np.mean(values) == pytest.approx(promised, abs=0.004)
    assert promised >= COVERAGE > promised - 1 / 251


def test_the_limit_of_a_class_is_its_kth_most_extreme_probability():
    # (n + 1) * 2.5%: the second lowest of 79 images with pneumonia, the highest of 39 normal images
    ill, normal = np.linspace(0.4, 0.994, 79), np.linspace(0.01, 0.5, 39)
    order = np.random.default_rng(0).permutation(118)
    predicted = predictions(np.repeat([1, 0], [79, 39])[order], np.concatenate([ill, normal])[order])

    assert fit_conformal_limits(predicted, "118 images") == ConformalLimits(
        coverage=0.975,
        pneumonia_from=ill[1],
        normal_up_to=normal[-1],
        rationale=(
            "The limits were chosen on 118 images so that the true class is plausible for 97.5% of the images in each "
            "class."
        ),
    )


def test_a_class_with_too_few_images_is_always_plausible():
    few_ill = predictions(np.repeat([1, 0], [38, 39]), np.concatenate([np.full(38, 0.9), np.full(39, 0.1)]))
    few_normal = predictions(1 - few_ill.target, 1 - few_ill.probability)

    limits_few_ill, limits_few_normal = (
        fit_conformal_limits(predicted, "these images") for predicted in (few_ill, few_normal)
    )

    assert (limits_few_ill.pneumonia_from, limits_few_ill.normal_up_to) == (0.0, 0.1)
    assert (limits_few_normal.pneumonia_from, limits_few_normal.normal_up_to) == (0.9, 1.0)
