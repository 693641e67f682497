"""Model randomisation test: heat maps of networks with random weights get a warning (Adebayo et al. 2018)."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from dataset.index import dataset_root, load_index
from dataset.split import split_for_training
from model.explanation.reliability import ReliabilityLimits, measure_reliability, rank_correlation
from model.inference.classifier import Classifier, Inference, load_model
from tests.support.synthetic import smooth_images
from tests.support.training import SIZE, tiny_network
from training.data.loading import read_radiograph
from training.evaluation.heatmaps.randomised_network import randomised, randomised_classifier
from training.networks.classifier import logit_network

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    return logit_network(tiny_network(SimpleNamespace(input_size=SIZE, dropout=0.2, seed=1)))


def kernels(network: keras.Model) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in network.trainable_weights if weight.name == "kernel"]


def test_every_kernel_depends_only_on_the_seed(network):
    images = smooth_images(4, SIZE)
    first, again, different = (kernels(randomised(network, images, seed)) for seed in (1, 1, 2))

    assert len(first) == len(kernels(network)) == 2
    for kernel, same, other, trained in zip(first, again, different, kernels(network), strict=True):
        np.testing.assert_array_equal(kernel, same)
        assert not np.isclose(kernel, other).any()
        assert not np.isclose(kernel, trained).any()


def test_batch_statistics_are_those_of_the_images_under_the_new_weights(network):
    images = smooth_images(16, SIZE)
    random_network = randomised(network, images, 1)
    inner = keras.Model(random_network.input, random_network.get_layer("normalise").output)
    values = inner.predict(images, verbose=0)
    np.testing.assert_allclose(values.mean(axis=(0, 1, 2)), 0, atol=0.05)
    np.testing.assert_allclose(values.std(axis=(0, 1, 2)), 1, atol=0.1)


def test_the_original_network_is_not_changed(network):
    before = [np.asarray(weight).copy() for weight in network.weights]
    randomised(network, smooth_images(4, SIZE), 1)
    for weight, original in zip(network.weights, before, strict=True):
        np.testing.assert_array_equal(weight, original)


@pytest.mark.dataset
def test_random_weights_change_the_map_and_cause_warnings():
    """With the released network: a map that ignores the weights explains nothing (Adebayo et al. 2018, section 3.1)."""
    trained = load_model()
    limits = ReliabilityLimits.from_release(trained.release)
    assert limits, "the release has no limits for the heat-map checks"
    positives = [record for record in split_for_training(load_index(dataset_root())).validation if record.target][::100]
    inferences = [trained.infer(read_radiograph(record)) for record in positives]
    region, side = trained.release.input_region, trained.release.side
    images = np.concatenate([region.network_input(i.working, i.lungs, side) for i in inferences])

    random_classifier = randomised_classifier(trained.release, images, seed=1)

    random_inferences = [random_classifier.infer_working(inference.working) for inference in inferences]
    correlations = [
        rank_correlation(first.output.class_activation_map, second.output.class_activation_map)
        for first, second in zip(inferences, random_inferences, strict=True)
    ]
    assert abs(np.mean(correlations)) < 0.3

    def warning_rate(classifier: Classifier, inferences: list[Inference]) -> float:
        return np.mean([bool(limits.violations(measure_reliability(classifier, i))) for i in inferences])

    assert warning_rate(random_classifier, random_inferences) >= 0.6
    assert warning_rate(trained, inferences) <= warning_rate(random_classifier, random_inferences) / 2
