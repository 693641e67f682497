"""Rules of the gate: reasons, corrections and cautions that follow from known outputs of the networks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.admission.classifier import ADMISSION_CLASSES
from model.admission.decision import Correction
from model.admission.gate import AdmissionGate, AdmissionResult, mean_neighbour_distance
from model.codes import Caution, RefusalReason
from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import PreparedImage
from model.inference.classifier import ClassifierOutput, Inference
from model.inference.lung_segmentation import LungMask, lung_box
from tests.support.gates import admission_classifier

UPRIGHT = np.full((40, 40), 100, np.float32)
UPRIGHT[:20, :10] = 200  # so each rotation and inversion gives a different image
UNCHANGED = Correction(0, invert=False)
FILE_CAUTIONS = (Caution.ENCODING_ASSUMED,)


class StubClassifier:
    """Classifier that finds two lungs of equal size in every image, and records its batches."""

    release = SimpleNamespace(outputs={"embedding": (1, 4)})

    def __init__(self):
        self.batches = []
        fields = np.zeros((20, 20), bool)
        fields[4:16, 2:8] = fields[4:16, 12:18] = True
        self.lungs = LungMask(fields, lung_box(fields))

    def infer_batch(self, images):
        self.batches.append(images)
        return [self.infer_working(image) for image in images]

    def infer_working(self, image):
        output = ClassifierOutput(0.0, np.zeros((2, 2), np.float32), np.ones(4, np.float32))
        return Inference(image, self.lungs.fields.astype(np.float32), self.lungs, output)


class StubIndex:
    """Index with given cosine distances, and the same hash for each training image."""

    def __init__(self, distances, fingerprint=None):
        self.known_distances = np.array(distances, np.float32)
        self.groups = np.array([f"group {n}" for n in range(len(distances))])
        if fingerprint is None:
            fingerprint = ~perceptual_hash(UPRIGHT)
        self.fingerprints = np.tile(fingerprint, (len(distances), 1))

    def distances(self, _):
        return self.known_distances


@dataclass(frozen=True, eq=False)
class StubGate(AdmissionGate):
    """Gate whose admission network gives the probabilities of the first case that matches the image."""

    cases: tuple[tuple[Callable[[np.ndarray], bool], dict[str, float]], ...] = ()

    def _probability(self, inference, _):
        probabilities = next(values for applies, values in self.cases if applies(inference.working))
        return np.array([probabilities.get(name, 0) for name in ADMISSION_CLASSES], np.float32)


def is_corrected_by(correction: Correction) -> Callable[[np.ndarray], bool]:
    return lambda image: np.array_equal(image, correction.apply_to_pixels(UPRIGHT))


def stub_gate(cases: dict[Correction, dict[str, float]] | None = None, index=None, **limits) -> StubGate:
    """Return a gate with class probabilities of UPRIGHT by correction; any other image is classified as ROTATED."""
    cases = {UNCHANGED: {"fine": 1}} if cases is None else cases
    classifier = StubClassifier()
    default = (lambda _: True, {RefusalReason.ROTATED: 1})
    known = [(is_corrected_by(correction), values) for correction, values in cases.items()]
    index = index or StubIndex([0.5])
    return StubGate(classifier, admission_classifier(classifier, **limits), index, cases=(*known, default))


def prepared(**changes) -> PreparedImage:
    return replace(PreparedImage(UPRIGHT, shorter_side=300, colourfulness=0.0, metadata=None), **changes)


def examine(gate: AdmissionGate, **changes) -> AdmissionResult:
    return gate.examine_batch([prepared(**changes)])[0]


def cautions(gate: AdmissionGate, **changes) -> tuple[Caution, ...]:
    return examine(gate, **changes).admission.cautions


# --- results


def test_the_results_of_a_batch_are_in_the_order_of_its_images():
    images = [prepared(shorter_side=127), prepared(), prepared(colourfulness=40.0)]
    refusals = [result.admission.refusals for result in stub_gate().examine_batch(images)]
    assert refusals == [(RefusalReason.TOO_SMALL,), (), (RefusalReason.NOT_A_RADIOGRAPH,)]


def test_a_batch_is_classified_in_one_call():
    gate = stub_gate()
    gate.examine_batch([prepared(), prepared(working=UPRIGHT.T.copy())])
    assert [len(batch) for batch in gate.classifier.batches] == [2]


def test_too_few_inferences_raise_an_error(monkeypatch):
    gate = stub_gate()
    monkeypatch.setattr(gate.classifier, "infer_batch", lambda images: [gate.classifier.infer_working(images[0])])
    with pytest.raises(ValueError, match="shorter"):
        gate.examine_batch([prepared(), prepared()])


def test_a_result_contains_the_shorter_side_and_the_cautions_of_its_image():
    result = examine(stub_gate(), shorter_side=250, cautions=FILE_CAUTIONS)
    assert (result.shorter_side, result.inference.cautions) == (250, FILE_CAUTIONS)


def test_a_refused_image_has_no_cautions():
    gate = stub_gate({UNCHANGED: {RefusalReason.CROPPED: 1}}, min_detail=255)
    assert cautions(gate) == ()


# --- refusals


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_image_without_contrast_is_refused_as_such(grey):
    almost_flat = np.full_like(UPRIGHT, grey)
    almost_flat[0, :10] = 255 - grey  # less than 1% of the pixels, such as a marker
    assert examine(stub_gate(), working=almost_flat).admission.refusals == (RefusalReason.NO_CONTRAST,)


@pytest.mark.parametrize(("shorter_side", "refusals"), [(127, (RefusalReason.TOO_SMALL,)), (128, ())])
def test_an_image_below_128_pixels_is_too_small(shorter_side, refusals):
    assert examine(stub_gate(), shorter_side=shorter_side).admission.refusals == refusals


@pytest.mark.parametrize(
    ("colourfulness", "refusals"), [(15.0, ()), (np.nextafter(15.0, 16), (RefusalReason.NOT_A_RADIOGRAPH,))]
)
def test_an_image_above_a_colourfulness_of_15_is_not_a_radiograph(colourfulness, refusals):
    assert examine(stub_gate(), colourfulness=colourfulness).admission.refusals == refusals


@pytest.mark.parametrize(
    ("probabilities", "reason"),
    [
        ({"fine": 0.4, "no_contrast": 0.35, "cropped": 0.25}, RefusalReason.NO_CONTRAST),
        ({"cropped": 0.5, "no_contrast": 0.3, "fine": 0.2}, RefusalReason.CROPPED),
        ({"rotated": 0.5, "no_lungs": 0.3, "cropped": 0.2}, RefusalReason.NO_LUNGS),
        ({"rotated": 0.4, "inverted": 0.3, "cropped": 0.2, "no_lungs": 0.1}, RefusalReason.CROPPED),
    ],
)
def test_an_image_is_refused_for_the_most_probable_reason_that_no_correction_removes(probabilities, reason):
    admission = examine(stub_gate({UNCHANGED: probabilities})).admission
    assert (admission.refusals, admission.correction) == ((reason,), None)


def test_an_image_that_passes_the_classifier_but_has_no_plausible_lungs_is_refused():
    admission = examine(stub_gate(min_second_lung_area=0.5)).admission
    assert (admission.refusals, admission.correction) == ((RefusalReason.NO_LUNGS,), None)


# --- corrections

UPSIDE_DOWN, INVERTED = Correction(2, invert=False), Correction(0, invert=True)


@pytest.mark.parametrize("reason", [RefusalReason.ROTATED, RefusalReason.INVERTED])
def test_a_correction_is_suggested_if_the_most_probable_reason_is_correctable(reason):
    gate = stub_gate({UNCHANGED: {reason: 0.6, RefusalReason.CROPPED: 0.4}, UPSIDE_DOWN: {"fine": 1}})
    assert examine(gate).admission.correction == UPSIDE_DOWN


def test_no_correction_is_suggested_if_a_correctable_reason_is_only_second():
    uncorrected = {RefusalReason.CROPPED: 0.6, RefusalReason.ROTATED: 0.4}
    admission = examine(stub_gate({UNCHANGED: uncorrected, UPSIDE_DOWN: {"fine": 1}})).admission
    assert (admission.refusals, admission.correction) == ((RefusalReason.CROPPED,), None)


@pytest.mark.parametrize(("upside_down", "inverted", "best"), [(0.9, 0.7, UPSIDE_DOWN), (0.7, 0.9, INVERTED)])
def test_the_most_probable_of_several_corrections_is_suggested(upside_down, inverted, best):
    cases = {
        UNCHANGED: {RefusalReason.ROTATED: 1},
        UPSIDE_DOWN: {"fine": upside_down, "rotated": 1 - upside_down},
        INVERTED: {"fine": inverted, "rotated": 1 - inverted},
    }
    admission = examine(stub_gate(cases)).admission
    assert (admission.correction, admission.refusals) == (best, best.corrects)


def test_a_correction_that_leaves_no_plausible_lungs_is_not_suggested():
    cases = {UNCHANGED: {RefusalReason.ROTATED: 0.6, RefusalReason.CROPPED: 0.4}, UPSIDE_DOWN: {"fine": 1}}
    admission = examine(stub_gate(cases, min_second_lung_area=0.5)).admission
    assert (admission.refusals, admission.correction) == ((RefusalReason.CROPPED,), None)


def test_a_corrected_image_keeps_its_shorter_side_and_its_cautions():
    gate = stub_gate({UNCHANGED: {RefusalReason.ROTATED: 1}, UPSIDE_DOWN: {"fine": 1}})
    corrected = gate.apply_correction(examine(gate, shorter_side=200, cautions=FILE_CAUTIONS))
    assert (corrected.shorter_side, corrected.inference.cautions) == (200, FILE_CAUTIONS)
    assert corrected.admission.cautions == (Caution.CORRECTED, Caution.LOW_QUALITY)
    np.testing.assert_array_equal(corrected.inference.working, UPRIGHT[::-1, ::-1])


def test_the_error_for_an_image_without_a_correction_says_what_is_expected():
    with pytest.raises(ValueError, match=r"^admission_result must have a suggested correction$"):
        stub_gate().apply_correction(examine(stub_gate()))


# --- cautions


@pytest.mark.parametrize(("distance", "expected"), [(0.5, ()), (0.501, (Caution.OUT_OF_DISTRIBUTION,))])
def test_an_image_is_out_of_distribution_above_the_distance_limit(distance, expected):
    assert cautions(stub_gate(index=StubIndex([distance]), max_neighbour_distance=0.5)) == expected


@pytest.mark.parametrize(("shorter_side", "expected"), [(223, (Caution.LOW_QUALITY,)), (224, ())])
def test_an_image_below_224_pixels_has_low_quality(shorter_side, expected):
    assert cautions(stub_gate(), shorter_side=shorter_side) == expected


@pytest.mark.parametrize(("bits", "expected"), [(30, (Caution.NEAR_DUPLICATE,)), (31, ())])
def test_a_training_image_up_to_30_bits_apart_is_a_near_duplicate(bits, expected):
    flipped = np.packbits(np.arange(256) < bits)
    index = StubIndex([0.5, 0.5], perceptual_hash(UPRIGHT) ^ flipped)
    assert cautions(stub_gate(index=index)) == expected


def test_the_cautions_of_the_gate_are_given_in_a_fixed_order():
    index = StubIndex([1.5], perceptual_hash(UPRIGHT))
    gate = stub_gate(index=index, max_neighbour_distance=1, max_mirror_score=-1e9, min_detail=255)
    expected = (Caution.OUT_OF_DISTRIBUTION, Caution.MIRRORED, Caution.LOW_QUALITY, Caution.NEAR_DUPLICATE)
    assert cautions(gate) == expected


# --- neighbours


@pytest.mark.slow
@given(st.lists(st.floats(0, 2, width=32), min_size=1, max_size=12))
@example([0.1 * n for n in range(12, 0, -1)])
def test_the_neighbour_distance_is_the_mean_of_the_five_smallest(distances):
    nearest = sorted(distances)[:5]
    mean = mean_neighbour_distance(StubIndex(distances), np.ones(4, np.float32))
    assert mean == pytest.approx(sum(nearest) / len(nearest), rel=1e-5, abs=1e-30)


def test_the_neighbour_distance_excludes_the_images_of_a_group():
    index = StubIndex([0.1, 0.9, 0.5])
    assert mean_neighbour_distance(index, np.ones(4, np.float32), "group 0") == pytest.approx(0.7)
