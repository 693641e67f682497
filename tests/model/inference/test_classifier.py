"""What reading a picture gives: its contract, the scale of its heat map, and nothing where the answer is no number."""

import math
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model.errors import ReleaseIncompatible
from model.inference.classifier import OUTPUTS, Classifier
from model.inference.decision import Verdict
from model.inference.litert import LiteRTNetwork
from model.inference.lung_segmentation import OUTPUT
from tests.support.findings import answer, noise, radiograph

NO_NUMBER = (
    "The trained network gave no number for this picture. Nothing is read with it. Restore the folder model/release "
    "from the project, or release the model again."
)


@pytest.mark.parametrize(("height", "width"), [(300, 400), (224, 224), (32, 2000), (1500, 40)])
def test_a_finding_keeps_its_contract(classifier, height, width):
    finding = classifier.read(radiograph(height, width))

    assert isinstance(finding.probability, float)
    assert 0 < finding.probability < 1
    assert isinstance(finding.verdict, Verdict)
    assert finding.operating_point == classifier.release.operating_point()
    assert finding.heat_map.dtype == np.float32
    assert finding.heat_map.shape == classifier.release.outputs["class_activation_map"][1:]
    assert finding.heat_map.min() >= 0
    assert finding.heat_map.max() <= 1
    assert finding.embedding.dtype == np.float32
    assert finding.embedding.shape == classifier.release.outputs["embedding"][1:]
    assert np.isfinite(finding.embedding).all()
    assert finding.model_version == classifier.release.version
    assert finding.cautions == ()


def test_reading_twice_gives_the_same_and_leaves_the_picture_alone(classifier):
    picture = radiograph()
    before = picture.pixels.copy()
    first, second = classifier.read(picture), classifier.read(picture)

    assert first.probability == second.probability
    np.testing.assert_array_equal(first.heat_map, second.heat_map)
    np.testing.assert_array_equal(first.embedding, second.embedding)
    np.testing.assert_array_equal(picture.pixels, before)


def test_a_finding_does_not_change_with_the_next_reading(classifier):
    finding = classifier.read(noise(1))
    heat_map, embedding = finding.heat_map.copy(), finding.embedding.copy()
    classifier.read(noise(2))

    np.testing.assert_array_equal(finding.heat_map, heat_map)
    np.testing.assert_array_equal(finding.embedding, embedding)


def test_eight_threads_read_what_one_reads(classifier):
    pictures = [noise(seed) for seed in range(8)]
    alone = [classifier.read(picture) for picture in pictures]
    assert len({finding.probability for finding in alone}) == len(pictures)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(classifier.read, pictures * 5))

    for index, finding in enumerate(together):
        expected = alone[index % len(pictures)]
        assert finding.probability == expected.probability
        np.testing.assert_array_equal(finding.heat_map, expected.heat_map)
        np.testing.assert_array_equal(finding.embedding, expected.embedding)


def test_readers_of_one_release_agree_whatever_their_threads(classifier):
    other = Classifier(classifier.release, threads=1)
    assert other.read(radiograph()).probability == pytest.approx(classifier.read(radiograph()).probability, abs=1e-5)


# --- heat map


def test_evidence_against_pneumonia_only_gives_a_map_of_zeros(classifier, monkeypatch):
    rows, columns = classifier.release.outputs["class_activation_map"][1:]
    answer(monkeypatch, classifier, class_activation_map=np.linspace(-9, 0, rows * columns).reshape(rows, columns))
    assert not classifier.read(radiograph()).heat_map.any()


def test_the_map_has_the_releases_scale_and_not_the_pictures_own(classifier, monkeypatch):
    scale = classifier.release.map_scale
    evidence = np.full(classifier.release.outputs["class_activation_map"][1:], scale / 4, np.float32)
    evidence[0, 0] = -scale
    evidence[0, 1] = 3 * scale
    answer(monkeypatch, classifier, class_activation_map=evidence)

    heat_map = classifier.read(radiograph()).heat_map

    assert heat_map[0, 0] == 0
    assert heat_map[0, 1] == 1
    np.testing.assert_allclose(heat_map[1:], 0.25, rtol=1e-6)


# --- a network that answers with no number: NaN compares as below any threshold, so it would read as normal


def spoil(monkeypatch, network: LiteRTNetwork, output: str, value: float) -> None:
    """Make one number of an output another, under all that checks it."""
    run = network._run

    def spoilt(**inputs):
        answers = {name: values.copy() for name, values in run(**inputs).items()}
        answers[output].flat[-1] = value
        return answers

    monkeypatch.setattr(network, "_run", spoilt)


@pytest.mark.parametrize("output", [*OUTPUTS, OUTPUT])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_finding(classifier, monkeypatch, output, value):
    spoil(monkeypatch, classifier.segmenter._network if output == OUTPUT else classifier._network, output, value)
    with pytest.raises(ReleaseIncompatible, match=f"^{re.escape(NO_NUMBER)}$"):
        classifier.read(radiograph())
