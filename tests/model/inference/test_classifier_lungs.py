"""Lungs and input region of the classifier, and radiographs in which no lungs are found."""

from dataclasses import replace

import numpy as np
import pytest

from model.codes import Caution
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from model.imaging.preprocessing import working_image
from model.inference.classifier import Classifier
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import OUTPUT, LungMask, lung_box
from tests.support.findings import noise, radiograph
from tests.support.populations import children_rules


def with_region(classifier: Classifier, kind: RegionKind, margin: float = 0.1) -> Classifier:
    """Return a classifier with the same networks and another input region."""
    return Classifier(replace(classifier.release, input_region=InputRegion(kind, margin)))


def two_lungs(side: int = 50) -> LungMask:
    fields = np.zeros((side, side), bool)
    fields[side // 5 : 4 * side // 5, side // 5 : 2 * side // 5] = True
    fields[side // 5 : 4 * side // 5, 3 * side // 5 : 4 * side // 5] = True
    return LungMask(fields, lung_box(fields))


def set_lungs(monkeypatch, classifier: Classifier, fields: np.ndarray) -> None:
    """Replace the output of the lung network with lung fields, bool (rows, columns)."""
    monkeypatch.setattr(classifier.segmenter, "probability_map", lambda _: fields.astype(np.float32))


@pytest.mark.parametrize("shape", [(300, 400), (90, 60)])
def test_the_box_of_the_heat_map_contains_the_lungs(classifier, shape):
    """The centres of the synthetic lungs are at 0.3 and 0.7 of the width and at half the height."""
    box = with_region(classifier, RegionKind.LUNG_BOX).read(radiograph(*shape)).heat_map_box
    assert 0 <= box.left < 0.3 - 0.07
    assert 0.7 + 0.07 < box.right <= 1
    assert 0 <= box.top < 0.5 - 0.15
    assert 0.5 + 0.15 < box.bottom <= 1
    assert box != WHOLE_IMAGE


def test_the_heat_map_covers_the_input_region_of_the_release(classifier, monkeypatch):
    for kind in RegionKind:
        changed = with_region(classifier, kind, 0.25)
        set_lungs(monkeypatch, changed, two_lungs().fields)
        box = changed.read(radiograph()).heat_map_box
        expected = (0, 0, 1, 1) if kind is RegionKind.WHOLE else (0.05, 0.05, 0.95, 0.95)
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx(expected)


@pytest.mark.parametrize("kind", RegionKind)
def test_the_network_input_is_the_region_of_the_working_image(classifier, monkeypatch, kind):
    changed, lungs, image, inputs = with_region(classifier, kind), two_lungs(), noise(3), []
    set_lungs(monkeypatch, changed, lungs.fields)
    run_network = changed.run_network
    monkeypatch.setattr(changed, "run_network", lambda x: inputs.append(x) or run_network(x))
    changed.read(image)

    (network_input,) = inputs
    side = classifier.release.side
    expected = InputRegion(kind, 0.1).network_input(working_image(image), lungs, side)
    np.testing.assert_array_equal(network_input, expected)


def test_the_lungs_are_segmented_in_the_working_image(classifier, monkeypatch):
    inputs, no_lungs = [], np.zeros((8, 8), np.float32)
    monkeypatch.setattr(classifier.segmenter, "probability_map", lambda image: inputs.append(image) or no_lungs)
    classifier.read(noise(4))
    np.testing.assert_array_equal(inputs, [working_image(noise(4))])


@pytest.mark.parametrize("kind", RegionKind)
def test_without_lungs_the_whole_radiograph_is_classified_with_a_caution(classifier, monkeypatch, kind):
    changed = with_region(classifier, kind)
    set_lungs(monkeypatch, changed, np.zeros((8, 8), bool))
    finding = changed.read(radiograph())

    assert finding.cautions == (Caution.LUNGS_NOT_FOUND,)
    assert finding.heat_map_box == WHOLE_IMAGE
    side = classifier.release.side
    network_input = resize(working_image(radiograph()), side, side)[np.newaxis, :, :, np.newaxis]
    calibration = children_rules(classifier.release).calibration
    assert finding.probability == calibration.probability(changed.run_network(network_input).logit)


@pytest.mark.parametrize("probability", [0.0, 0.49])
def test_a_low_lung_probability_gives_no_lungs(classifier, monkeypatch, probability):
    side = classifier.release.lungs.side
    outputs = {OUTPUT: np.full((1, side, side), probability, np.float32)}
    monkeypatch.setattr(classifier.segmenter._network, "_run", lambda **_: outputs)
    assert classifier.segmenter.segment(working_image(radiograph())) is None


def test_lungs_are_where_the_probability_is_at_least_one_half(classifier, monkeypatch):
    side = classifier.release.lungs.side
    probability = np.zeros((1, side, side), np.float32)
    probability[:, side // 4 : side // 2, side // 2 :] = 0.5
    monkeypatch.setattr(classifier.segmenter._network, "_run", lambda **_: {OUTPUT: probability})
    lungs = classifier.segmenter.segment(working_image(radiograph()))
    np.testing.assert_array_equal(lungs.fields, probability[0] > 0)
    assert lungs.box == RelativeBox(0.5, 0.25, 1, 0.5)
