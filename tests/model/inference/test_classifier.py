"""Findings of the classifier: their contract, the scale of the heat map, and outputs that are not finite."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model.errors import ReleaseIncompatible
from model.inference.classifier import OUTPUTS, Classifier
from model.inference.decision import Verdict
from model.inference.litert import LiteRTNetwork
from model.inference.lung_segmentation import OUTPUT
from model.messages import MessageCode
from tests.support.findings import noise, radiograph, set_output
from tests.support.messages import raises_message
from tests.support.populations import children_rules


@pytest.mark.parametrize(("height", "width"), [(300, 400), (224, 224), (32, 2000), (1500, 40)])
def test_a_finding_has_the_declared_types_shapes_and_ranges(classifier, height, width):
    finding = classifier.read(radiograph(height, width))

    assert isinstance(finding.probability, float)
    assert 0 < finding.probability < 1
    assert isinstance(finding.verdict, Verdict)
    assert finding.operating_point == children_rules(classifier.release).operating_point()
    assert finding.heat_map.dtype == np.float32
    assert finding.heat_map.shape == classifier.release.outputs["class_activation_map"][1:]
    assert finding.heat_map.min() >= 0
    assert finding.heat_map.max() <= 1
    assert finding.embedding.dtype == np.float32
    assert finding.embedding.shape == classifier.release.outputs["embedding"][1:]
    assert np.isfinite(finding.embedding).all()
    assert finding.model_version == classifier.release.version
    assert finding.cautions == ()


def test_reading_is_deterministic_and_does_not_change_its_input(classifier):
    image = radiograph()
    pixels_before = image.pixels.copy()
    first, second = classifier.read(image), classifier.read(image)

    assert first.probability == second.probability
    np.testing.assert_array_equal(first.heat_map, second.heat_map)
    np.testing.assert_array_equal(first.embedding, second.embedding)
    np.testing.assert_array_equal(image.pixels, pixels_before)


def test_a_finding_does_not_change_when_the_next_one_is_made(classifier):
    finding = classifier.read(noise(1))
    heat_map, embedding = finding.heat_map.copy(), finding.embedding.copy()
    classifier.read(noise(2))

    np.testing.assert_array_equal(finding.heat_map, heat_map)
    np.testing.assert_array_equal(finding.embedding, embedding)


@pytest.mark.slow
def test_eight_threads_make_the_same_findings_as_one(classifier):
    radiographs = [noise(seed) for seed in range(8)]
    expected = [classifier.read(image) for image in radiographs]
    assert len({finding.probability for finding in expected}) == len(radiographs)

    with ThreadPoolExecutor(8) as pool:
        findings = list(pool.map(classifier.read, radiographs * 5))

    for finding, reference in zip(findings, expected * 5, strict=True):
        assert finding.probability == reference.probability
        np.testing.assert_array_equal(finding.heat_map, reference.heat_map)
        np.testing.assert_array_equal(finding.embedding, reference.embedding)


def test_the_number_of_threads_does_not_change_the_probability(classifier):
    single_threaded = Classifier(classifier.release, threads=1)
    expected = classifier.read(radiograph()).probability
    assert single_threaded.read(radiograph()).probability == pytest.approx(expected, abs=1e-5)


# --- heat map


def test_a_heat_map_of_negative_evidence_is_all_zeros(classifier, monkeypatch):
    rows, columns = classifier.release.outputs["class_activation_map"][1:]
    set_output(monkeypatch, classifier, class_activation_map=np.linspace(-9, 0, rows * columns).reshape(rows, columns))
    assert not classifier.read(radiograph()).heat_map.any()


def test_the_heat_map_has_the_scale_of_the_release(classifier, monkeypatch):
    scale = classifier.release.map_scale
    evidence = np.full(classifier.release.outputs["class_activation_map"][1:], scale / 4, np.float32)
    evidence[0, 0] = -scale
    evidence[0, 1] = 3 * scale
    set_output(monkeypatch, classifier, class_activation_map=evidence)

    heat_map = classifier.read(radiograph()).heat_map

    assert heat_map[0, 0] == 0
    assert heat_map[0, 1] == 1
    np.testing.assert_allclose(heat_map[1:], 0.25, rtol=1e-6)


# --- outputs that are not finite: NaN is not at or above any threshold, so the verdict would be NORMAL


def corrupt_output(monkeypatch, network: LiteRTNetwork, output: str, value: float) -> None:
    """Replace one value of a network output before the output is checked."""
    run = network._run

    def run_corrupted(**inputs):
        outputs = {name: values.copy() for name, values in run(**inputs).items()}
        outputs[output].flat[-1] = value
        return outputs

    monkeypatch.setattr(network, "_run", run_corrupted)


@pytest.mark.parametrize("output", [*OUTPUTS, OUTPUT])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_output_that_is_not_finite_gives_no_finding(classifier, monkeypatch, output, value):
    network = classifier.segmenter._network if output == OUTPUT else classifier._network
    corrupt_output(monkeypatch, network, output, value)
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_OUTPUT_INVALID):
        classifier.read(radiograph())
