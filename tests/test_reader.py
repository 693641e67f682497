import math
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.box import WHOLE, Box
from model.errors import ReleaseMismatch
from model.litert import LiteRTNetwork
from model.lungs import OUTPUT, Lungs, lung_box
from model.preprocess import resize, working_picture
from model.radiograph import Radiograph
from model.reader import OUTPUTS, RawReading, Reader, stated
from model.release import Calibration, load_release
from model.verdict import Conformal, OperatingPoint, Verdict
from model.view import Part, View
from tests.synthetic import synthetic_radiograph

NO_NUMBER = (
    "The trained network gave no number for this picture. Nothing is read with it. Restore the folder model/release "
    "from the project, or release the model again."
)


@pytest.fixture(scope="module")
def reader():
    return Reader(load_release())


def radiograph(height: int = 300, width: int = 400) -> Radiograph:
    return Radiograph(synthetic_radiograph(height, width), "PNG", 8)


def noise(seed: int, height: int = 90, width: int = 120) -> Radiograph:
    pixels = np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)
    return Radiograph(pixels, "PNG", 8)


def point(threshold: float) -> OperatingPoint:
    return OperatingPoint("of the test", threshold, "by hand")


def answer(monkeypatch, reader: Reader, **parts) -> None:
    """Make the network answer as the test wants."""
    rows, columns = reader.release.outputs["class_activation_map"][1:]
    (channels,) = reader.release.outputs["embedding"][1:]
    usual = {
        "logit": 0.3,
        "class_activation_map": np.ones((rows, columns), np.float32),
        "embedding": np.zeros(channels, np.float32),
    }
    monkeypatch.setattr(reader, "raw", lambda _: RawReading(**(usual | parts)))


@pytest.mark.parametrize(("height", "width"), [(300, 400), (224, 224), (32, 2000), (1500, 40)])
def test_a_finding_keeps_its_contract(reader, height, width):
    finding = reader.read(radiograph(height, width))

    assert isinstance(finding.probability, float)
    assert 0 < finding.probability < 1
    assert isinstance(finding.verdict, Verdict)
    assert finding.operating_point == reader.release.operating_point()
    assert finding.heat_map.dtype == np.float32
    assert finding.heat_map.shape == reader.release.outputs["class_activation_map"][1:]
    assert finding.heat_map.min() >= 0
    assert finding.heat_map.max() <= 1
    assert finding.embedding.dtype == np.float32
    assert finding.embedding.shape == reader.release.outputs["embedding"][1:]
    assert np.isfinite(finding.embedding).all()
    assert finding.model_version == reader.release.version
    assert finding.cautions == ()


def test_reading_twice_gives_the_same_and_leaves_the_picture_alone(reader):
    picture = radiograph()
    before = picture.pixels.copy()
    first, second = reader.read(picture), reader.read(picture)

    assert first.probability == second.probability
    np.testing.assert_array_equal(first.heat_map, second.heat_map)
    np.testing.assert_array_equal(first.embedding, second.embedding)
    np.testing.assert_array_equal(picture.pixels, before)


def test_a_finding_does_not_change_with_the_next_reading(reader):
    finding = reader.read(noise(1))
    heat_map, embedding = finding.heat_map.copy(), finding.embedding.copy()
    reader.read(noise(2))

    np.testing.assert_array_equal(finding.heat_map, heat_map)
    np.testing.assert_array_equal(finding.embedding, embedding)


def test_eight_threads_read_what_one_reads(reader):
    pictures = [noise(seed) for seed in range(8)]
    alone = [reader.read(picture) for picture in pictures]
    assert len({finding.probability for finding in alone}) == len(pictures)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(reader.read, pictures * 5))

    for index, finding in enumerate(together):
        expected = alone[index % len(pictures)]
        assert finding.probability == expected.probability
        np.testing.assert_array_equal(finding.heat_map, expected.heat_map)
        np.testing.assert_array_equal(finding.embedding, expected.embedding)


def test_readers_of_one_release_agree_whatever_their_threads(reader):
    other = Reader(reader.release, threads=1)
    assert other.read(radiograph()).probability == pytest.approx(reader.read(radiograph()).probability, abs=1e-5)


# --- verdict and operating point


def at(finding, reader: Reader, threshold: float, prevalence: float | None = None):
    return stated(finding, reader.release, point(threshold), prevalence or reader.release.training_prevalence)


def test_the_verdict_is_that_of_the_point_and_the_conformal_limits(reader):
    finding = reader.read(radiograph())
    p = finding.probability

    def verdict(threshold: float, least_pneumonia: float, most_normal: float) -> Verdict:
        limits = Conformal(0.9, least_pneumonia, most_normal, "by hand")
        return stated(finding, replace(reader.release, conformal=limits), point(threshold), 0.5).verdict

    above, below = math.nextafter(p, 1), math.nextafter(p, 0)
    assert verdict(p, least_pneumonia=p, most_normal=below) is Verdict.PNEUMONIA
    assert verdict(above, least_pneumonia=above, most_normal=p) is Verdict.NORMAL
    assert verdict(above, least_pneumonia=p, most_normal=below) is Verdict.INDETERMINATE  # they contradict each other
    assert verdict(p, least_pneumonia=p, most_normal=p) is Verdict.INDETERMINATE  # both are plausible
    assert verdict(p, least_pneumonia=above, most_normal=below) is Verdict.INDETERMINATE  # neither is


def test_the_operating_point_changes_the_verdict_and_nothing_else(reader):
    finding = reader.read(radiograph())
    bold, cautious = at(finding, reader, 1.0), at(finding, reader, 0.0)

    assert bold.verdict != cautious.verdict
    assert bold.operating_point == point(1.0)
    assert bold.probability == cautious.probability == finding.probability
    np.testing.assert_array_equal(bold.heat_map, finding.heat_map)


@given(prevalence=st.floats(0.001, 0.999), threshold=st.floats(0.001, 0.999))
def test_prevalence_moves_probability_and_threshold_together_and_leaves_the_verdict(reader, prevalence, threshold):
    finding = replace(reader.read(radiograph(64, 64)), probability=0.4)
    moved, unmoved = at(finding, reader, threshold, prevalence), at(finding, reader, threshold)

    assert moved.prevalence == prevalence
    assert moved.verdict == unmoved.verdict
    assert (moved.probability > 0.4) == (prevalence > reader.release.training_prevalence) or moved.probability == 0.4
    assert (moved.probability >= moved.operating_point.threshold) == (threshold <= 0.4)


def test_a_finding_that_is_stated_at_another_prevalence_is_not_stated_again(reader):
    moved = at(reader.read(radiograph()), reader, 0.5, 0.2)

    words = "finding: at the training prevalence expected, got 0.2"
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        at(moved, reader, 0.5, 0.3)


def test_a_reading_is_at_the_default_operating_point_and_the_training_prevalence(reader):
    eager = replace(
        reader.release,
        operating_points=(replace(reader.release.operating_point(), threshold=0.0),),
        conformal=Conformal(0.9, 0.0, 0.0, "by hand"),
    )
    finding = Reader(eager).read(radiograph())

    assert finding.verdict is Verdict.PNEUMONIA
    assert finding.operating_point.threshold == 0
    assert finding.prevalence == reader.release.training_prevalence


# --- heat map


def test_evidence_against_pneumonia_only_gives_a_map_of_zeros(reader, monkeypatch):
    rows, columns = reader.release.outputs["class_activation_map"][1:]
    answer(monkeypatch, reader, class_activation_map=np.linspace(-9, 0, rows * columns).reshape(rows, columns))
    assert not reader.read(radiograph()).heat_map.any()


def test_the_map_has_the_releases_scale_and_not_the_pictures_own(reader, monkeypatch):
    scale = reader.release.map_scale
    evidence = np.full(reader.release.outputs["class_activation_map"][1:], scale / 4, np.float32)
    evidence[0, 0] = -scale
    evidence[0, 1] = 3 * scale
    answer(monkeypatch, reader, class_activation_map=evidence)

    heat_map = reader.read(radiograph()).heat_map

    assert heat_map[0, 0] == 0
    assert heat_map[0, 1] == 1
    np.testing.assert_allclose(heat_map[1:], 0.25, rtol=1e-6)


# --- lungs


def seeing(reader: Reader, part: Part, margin: float = 0.1) -> Reader:
    """A reader of the same networks with another view."""
    return Reader(replace(reader.release, view=View(part, margin)))


def two_lungs(side: int = 50) -> Lungs:
    fields = np.zeros((side, side), bool)
    fields[side // 5 : 4 * side // 5, side // 5 : 2 * side // 5] = True
    fields[side // 5 : 4 * side // 5, 3 * side // 5 : 4 * side // 5] = True
    return Lungs(fields, lung_box(fields))


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
    lungs = two_lungs()
    for part in Part:
        other = seeing(reader, part, 0.25)
        monkeypatch.setattr(other.finder, "find", lambda _: lungs)
        box = other.read(radiograph()).heat_map_box
        expected = (0, 0, 1, 1) if part is Part.WHOLE else (0.05, 0.05, 0.95, 0.95)
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx(expected)


@pytest.mark.parametrize("part", Part)
def test_the_network_is_given_what_the_view_shows_of_the_working_picture(reader, monkeypatch, part):
    other, lungs, picture, given_to_network = seeing(reader, part), two_lungs(), noise(3), []
    monkeypatch.setattr(other.finder, "find", lambda _: lungs)
    raw = other.raw
    monkeypatch.setattr(other, "raw", lambda seen: given_to_network.append(seen) or raw(seen))
    other.read(picture)

    (seen,) = given_to_network
    side = reader.release.side
    np.testing.assert_array_equal(seen, View(part, 0.1).look(working_picture(picture), lungs, side))


def test_the_lungs_are_looked_for_in_the_working_picture(reader, monkeypatch):
    looked_at = []
    monkeypatch.setattr(reader.finder, "find", looked_at.append)
    reader.read(noise(4))
    np.testing.assert_array_equal(looked_at, [working_picture(noise(4))])


@pytest.mark.parametrize("part", Part)
def test_without_lungs_the_whole_picture_is_read_and_the_finding_says_so(reader, monkeypatch, part):
    other = seeing(reader, part)
    monkeypatch.setattr(other.finder, "find", lambda _: None)
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
def test_what_is_no_number_is_no_finding(reader, monkeypatch, output, value):
    spoil(monkeypatch, reader.finder._network if output == OUTPUT else reader._network, output, value)
    with pytest.raises(ReleaseMismatch, match=f"^{re.escape(NO_NUMBER)}$"):
        reader.read(radiograph())


# --- calibration

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(logit=finite, slope=finite, intercept=finite)
def test_a_probability_lies_between_0_and_1_for_any_logit(logit, slope, intercept):
    assert 0 <= Calibration(slope, intercept).probability(logit) <= 1


@given(logits=st.tuples(finite, finite), slope=st.floats(0, 100), intercept=st.floats(-100, 100))
def test_a_larger_logit_never_gives_a_smaller_probability(logits, slope, intercept):
    probability = Calibration(slope, intercept).probability
    assert probability(min(logits)) <= probability(max(logits))


@pytest.mark.parametrize(("logit", "probability"), [(0, 0.5), (math.log(3), 0.75), (-math.log(4), 0.2)])
def test_known_probabilities(logit, probability):
    assert Calibration(1, 0).probability(logit) == pytest.approx(probability, rel=1e-12)
    assert Calibration(0.5, -3).probability(2 * logit + 6) == pytest.approx(probability, rel=1e-12)


def test_many_logits_give_as_many_probabilities():
    np.testing.assert_allclose(Calibration(2, 1).probability(np.zeros(3)), np.full(3, 1 / (1 + math.exp(-1))))


def test_the_probability_of_a_finding_is_the_calibrated_logit(reader, monkeypatch):
    answer(monkeypatch, reader, logit=1.25)
    assert reader.read(radiograph()).probability == reader.release.calibration.probability(1.25)
