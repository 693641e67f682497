"""Networks with random weights: what they show is no evidence, and it must be told (Adebayo et al. 2018)."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from dataset.index import dataset_root, load_index
from dataset.split import split_for_training
from model.explanation.reliability import ReliabilityLimits, measure_reliability, rank_correlation
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from tests.support.synthetic import smooth_pictures
from tests.support.training import SIZE, tiny_network
from training.data.loading import read_radiograph
from training.evaluation.heatmaps.randomised_network import randomised, randomised_classifier


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    return tiny_network(SimpleNamespace(size=SIZE, dropout=0.2, seed=1))


def kernels(network: keras.Model) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in network.trainable_weights if weight.name == "kernel"]


def test_every_kernel_is_drawn_anew_by_the_seed_alone(network):
    pictures = smooth_pictures(4, SIZE)
    first, again, other = (kernels(randomised(network, pictures, seed)) for seed in (1, 1, 2))

    assert len(first) == len(kernels(network)) == 2
    for one, same, others, trained in zip(first, again, other, kernels(network), strict=True):
        np.testing.assert_array_equal(one, same)
        assert not np.isclose(one, others).any()
        assert not np.isclose(one, trained).any()


def test_the_signal_passes_for_normalisation_is_that_of_the_pictures_under_the_new_weights(network):
    pictures = smooth_pictures(16, SIZE)
    fresh = randomised(network, pictures, 1)
    inner = keras.Model(fresh.input, fresh.get_layer("normalise").output)
    values = inner.predict(pictures, verbose=0)
    np.testing.assert_allclose(values.mean(axis=(0, 1, 2)), 0, atol=0.05)
    np.testing.assert_allclose(values.std(axis=(0, 1, 2)), 1, atol=0.1)


def test_the_network_that_was_given_stays_as_it_is(network):
    before = [np.asarray(weight).copy() for weight in network.weights]
    randomised(network, smooth_pictures(4, SIZE), 1)
    for weight, was in zip(network.weights, before, strict=True):
        np.testing.assert_array_equal(weight, was)


@pytest.mark.dataset
def test_with_random_weights_the_map_changes_and_the_warning_goes_off():
    """On the released network; Adebayo et al. 2018, section 3.1: a map that stays explains no network."""
    trained = Classifier(load_release())
    limits = ReliabilityLimits.from_release(trained.release)
    assert limits, "the release was made without limits of the checks"
    ill = [record for record in split_for_training(load_index(dataset_root())).validation if record.target][::100]
    seen = [trained.infer(read_radiograph(record)) for record in ill]
    pictures = np.concatenate(
        [trained.release.view.network_input(one.working, one.lungs, trained.release.side) for one in seen]
    )

    ignorant = randomised_classifier(trained.release, pictures, seed=1)

    seen_anew = [ignorant.infer_working(one.working) for one in seen]
    maps = [
        (one.output.class_activation_map, other.output.class_activation_map)
        for one, other in zip(seen, seen_anew, strict=True)
    ]
    assert abs(np.mean([rank_correlation(*pair) for pair in maps])) < 0.3
    right, wrong = (
        [bool(limits.violations(measure_reliability(classifier, one))) for one in of]
        for classifier, of in ((trained, seen), (ignorant, seen_anew))
    )
    assert np.mean(wrong) >= 0.6
    assert np.mean(right) <= np.mean(wrong) / 2
