"""The lungs, the part of the picture that is seen, and a picture without lungs."""

from dataclasses import replace

import numpy as np
import pytest

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from model.imaging.preprocessing import working_image
from model.inference.classifier import Classifier
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import OUTPUT, LungMask, lung_box
from tests.support.findings import noise, radiograph


def seeing(classifier: Classifier, part: RegionKind, margin: float = 0.1) -> Classifier:
    """A reader of the same networks with another view."""
    return Classifier(replace(classifier.release, view=InputRegion(part, margin)))


def two_lungs(side: int = 50) -> LungMask:
    fields = np.zeros((side, side), bool)
    fields[side // 5 : 4 * side // 5, side // 5 : 2 * side // 5] = True
    fields[side // 5 : 4 * side // 5, 3 * side // 5 : 4 * side // 5] = True
    return LungMask(fields, lung_box(fields))


def find(monkeypatch, classifier: Classifier, fields: np.ndarray) -> None:
    """Make the lung network see lungs there, bool (rows, columns), and nowhere else."""
    monkeypatch.setattr(classifier.segmenter, "probability_map", lambda _: fields.astype(np.float32))


@pytest.mark.parametrize("shape", [(300, 400), (90, 60)])
def test_the_part_that_is_seen_lies_around_the_lungs(classifier, shape):
    """The lungs of the drawn radiograph have their middles at 0.3 and 0.7 of its width, and half its height."""
    box = seeing(classifier, RegionKind.LUNG_BOX).read(radiograph(*shape)).heat_map_box
    assert 0 <= box.left < 0.3 - 0.07
    assert 0.7 + 0.07 < box.right <= 1
    assert 0 <= box.top < 0.5 - 0.15
    assert 0.5 + 0.15 < box.bottom <= 1
    assert box != WHOLE_IMAGE


def test_the_release_says_which_part_is_seen_and_the_map_covers_that(classifier, monkeypatch):
    for part in RegionKind:
        other = seeing(classifier, part, 0.25)
        find(monkeypatch, other, two_lungs().fields)
        box = other.read(radiograph()).heat_map_box
        expected = (0, 0, 1, 1) if part is RegionKind.WHOLE else (0.05, 0.05, 0.95, 0.95)
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx(expected)


@pytest.mark.parametrize("part", RegionKind)
def test_the_network_is_given_what_the_view_shows_of_the_working_picture(classifier, monkeypatch, part):
    other, lungs, picture, given_to_network = seeing(classifier, part), two_lungs(), noise(3), []
    find(monkeypatch, other, lungs.fields)
    raw = other.classify
    monkeypatch.setattr(other, "classify", lambda seen: given_to_network.append(seen) or raw(seen))
    other.read(picture)

    (seen,) = given_to_network
    side = classifier.release.side
    np.testing.assert_array_equal(seen, InputRegion(part, 0.1).network_input(working_image(picture), lungs, side))


def test_the_lungs_are_looked_for_in_the_working_picture(classifier, monkeypatch):
    looked_at, nothing = [], np.zeros((8, 8), np.float32)
    monkeypatch.setattr(classifier.segmenter, "probability_map", lambda picture: looked_at.append(picture) or nothing)
    classifier.read(noise(4))
    np.testing.assert_array_equal(looked_at, [working_image(noise(4))])


@pytest.mark.parametrize("part", RegionKind)
def test_without_lungs_the_whole_picture_is_read_and_the_finding_says_so(classifier, monkeypatch, part):
    other = seeing(classifier, part)
    find(monkeypatch, other, np.zeros((8, 8), bool))
    finding = other.read(radiograph())

    assert finding.cautions == ("lungs_not_found",)
    assert finding.heat_map_box == WHOLE_IMAGE
    side = classifier.release.side
    seen = resize(working_image(radiograph()), side, side)[np.newaxis, :, :, np.newaxis]
    assert finding.probability == classifier.release.calibration.probability(other.classify(seen).logit)


@pytest.mark.parametrize("probability", [0.0, 0.49])
def test_no_field_of_lungs_is_no_lungs(classifier, monkeypatch, probability):
    side = classifier.release.lungs.side
    answers = {OUTPUT: np.full((1, side, side), probability, np.float32)}
    monkeypatch.setattr(classifier.segmenter._network, "_run", lambda **_: answers)
    assert classifier.segmenter.segment(working_image(radiograph())) is None


def test_fields_of_lungs_are_found_where_the_network_sees_them(classifier, monkeypatch):
    side = classifier.release.lungs.side
    probability = np.zeros((1, side, side), np.float32)
    probability[:, side // 4 : side // 2, side // 2 :] = 0.5
    monkeypatch.setattr(classifier.segmenter._network, "_run", lambda **_: {OUTPUT: probability})
    lungs = classifier.segmenter.segment(working_image(radiograph()))
    np.testing.assert_array_equal(lungs.fields, probability[0] > 0)
    assert lungs.box == RelativeBox(0.5, 0.25, 1, 0.5)
