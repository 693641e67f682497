"""The lungs, the part of the picture that is seen, and a picture without lungs."""

from dataclasses import replace

import numpy as np
import pytest

from model.imaging.geometry import WHOLE, Box
from model.imaging.preprocessing import resize, working_picture
from model.inference.classifier import Reader
from model.inference.input_region import Part, View
from model.inference.lung_segmentation import OUTPUT, Lungs, lung_box
from tests.support.findings import noise, radiograph


def seeing(reader: Reader, part: Part, margin: float = 0.1) -> Reader:
    """A reader of the same networks with another view."""
    return Reader(replace(reader.release, view=View(part, margin)))


def two_lungs(side: int = 50) -> Lungs:
    fields = np.zeros((side, side), bool)
    fields[side // 5 : 4 * side // 5, side // 5 : 2 * side // 5] = True
    fields[side // 5 : 4 * side // 5, 3 * side // 5 : 4 * side // 5] = True
    return Lungs(fields, lung_box(fields))


def find(monkeypatch, reader: Reader, fields: np.ndarray) -> None:
    """Make the lung network see lungs there, bool (rows, columns), and nowhere else."""
    monkeypatch.setattr(reader.finder, "probability", lambda _: fields.astype(np.float32))


@pytest.mark.parametrize("shape", [(300, 400), (90, 60)])
def test_the_part_that_is_seen_lies_around_the_lungs(reader, shape):
    """The lungs of the drawn radiograph have their middles at 0.3 and 0.7 of its width, and half its height."""
    box = seeing(reader, Part.LUNG_BOX).read(radiograph(*shape)).heat_map_box
    assert 0 <= box.left < 0.3 - 0.07
    assert 0.7 + 0.07 < box.right <= 1
    assert 0 <= box.top < 0.5 - 0.15
    assert 0.5 + 0.15 < box.bottom <= 1
    assert box != WHOLE


def test_the_release_says_which_part_is_seen_and_the_map_covers_that(reader, monkeypatch):
    for part in Part:
        other = seeing(reader, part, 0.25)
        find(monkeypatch, other, two_lungs().fields)
        box = other.read(radiograph()).heat_map_box
        expected = (0, 0, 1, 1) if part is Part.WHOLE else (0.05, 0.05, 0.95, 0.95)
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx(expected)


@pytest.mark.parametrize("part", Part)
def test_the_network_is_given_what_the_view_shows_of_the_working_picture(reader, monkeypatch, part):
    other, lungs, picture, given_to_network = seeing(reader, part), two_lungs(), noise(3), []
    find(monkeypatch, other, lungs.fields)
    raw = other.raw
    monkeypatch.setattr(other, "raw", lambda seen: given_to_network.append(seen) or raw(seen))
    other.read(picture)

    (seen,) = given_to_network
    side = reader.release.side
    np.testing.assert_array_equal(seen, View(part, 0.1).look(working_picture(picture), lungs, side))


def test_the_lungs_are_looked_for_in_the_working_picture(reader, monkeypatch):
    looked_at, nothing = [], np.zeros((8, 8), np.float32)
    monkeypatch.setattr(reader.finder, "probability", lambda picture: looked_at.append(picture) or nothing)
    reader.read(noise(4))
    np.testing.assert_array_equal(looked_at, [working_picture(noise(4))])


@pytest.mark.parametrize("part", Part)
def test_without_lungs_the_whole_picture_is_read_and_the_finding_says_so(reader, monkeypatch, part):
    other = seeing(reader, part)
    find(monkeypatch, other, np.zeros((8, 8), bool))
    finding = other.read(radiograph())

    assert finding.cautions == ("lungs_not_found",)
    assert finding.heat_map_box == WHOLE
    side = reader.release.side
    seen = resize(working_picture(radiograph()), side, side)[np.newaxis, :, :, np.newaxis]
    assert finding.probability == reader.release.calibration.probability(other.raw(seen).logit)


@pytest.mark.parametrize("probability", [0.0, 0.49])
def test_no_field_of_lungs_is_no_lungs(reader, monkeypatch, probability):
    side = reader.release.lungs.side
    answers = {OUTPUT: np.full((1, side, side), probability, np.float32)}
    monkeypatch.setattr(reader.finder._network, "_run", lambda **_: answers)
    assert reader.finder.find(working_picture(radiograph())) is None


def test_fields_of_lungs_are_found_where_the_network_sees_them(reader, monkeypatch):
    side = reader.release.lungs.side
    probability = np.zeros((1, side, side), np.float32)
    probability[:, side // 4 : side // 2, side // 2 :] = 0.5
    monkeypatch.setattr(reader.finder._network, "_run", lambda **_: {OUTPUT: probability})
    lungs = reader.finder.find(working_picture(radiograph()))
    np.testing.assert_array_equal(lungs.fields, probability[0] > 0)
    assert lungs.box == Box(0.5, 0.25, 1, 0.5)
