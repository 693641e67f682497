"""Admission gate: every radiograph is checked here before it is read.

It fails closed: no gate can be created without the admission files of the release, and `examine` raises an error if an
image cannot be checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from model.admission.classifier import ADMISSIBLE, ADMISSION_CLASSES, AdmissionClassifier
from model.admission.decision import AdmissionDecision, Correction
from model.admission.features import ImageMeasures, asymmetry, extract_features, image_measures
from model.codes import Caution, RefusalReason
from model.errors import NotAdmitted
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, hash_distances, perceptual_hash
from model.imaging.preprocessing import WORKING_SIDE, PreparedImage
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier, Inference
from model.inference.finding import Finding
from model.inference.similar_cases import NEIGHBOURS_SHOWN, SimilarCaseIndex
from model.limits import MIN_ADMISSIBLE_SIDE

_MIN_CONTRAST = 8  # grey levels between the 1st and the 99th percentile; radiographs of the data sets have at least 70
# "Slightly colourful" in Hasler and Suesstrunk 2003, table 2; tinted radiographs are less colourful.
MAX_COLOURFULNESS = 15.0
CORRECTABLE = (RefusalReason.ROTATED, RefusalReason.INVERTED)  # given as reasons only if a correction confirms them
CORRECTIONS = tuple(Correction(turns, invert) for invert in (False, True) for turns in range(4) if turns or invert)


@dataclass(frozen=True, eq=False)
class AdmissionResult:
    """Result of the admission check for one radiograph, with the inference from which a finding is made.

    Attributes:
        admission: The decision.
        inference: Output of the networks.
        shorter_side: Shorter side of the radiograph in pixels.
    """

    admission: AdmissionDecision
    inference: Inference
    shorter_side: int


@dataclass(frozen=True, eq=False)
class AdmissionGate:
    """Checks and reads radiographs with one release. Safe to share between threads.

    Attributes:
        classifier: Classifier that makes the findings.
        admission_classifier: Classifier from the same release that decides which images may be read.
        index: Index of similar training cases from the same release.
    """

    classifier: Classifier
    admission_classifier: AdmissionClassifier
    index: SimilarCaseIndex

    @classmethod
    def from_classifier(cls, classifier: Classifier) -> Self:
        """Return the gate for a classifier's release.

        Raises:
            ReleaseError: The admission classifier or the index of similar cases is missing, changed or incompatible.
        """
        return cls(
            classifier=classifier,
            admission_classifier=AdmissionClassifier.from_release(classifier.release),
            index=SimilarCaseIndex.from_release(classifier.release),
        )

    def examine(self, radiograph: Radiograph) -> AdmissionResult:
        """Run the networks on a radiograph and decide whether it may be read.

        Raises:
            ReleaseIncompatible: A network returned a value that is not finite.
        """
        return self.examine_batch([PreparedImage.from_radiograph(radiograph)])[0]

    def examine_batch(self, images: Sequence[PreparedImage]) -> list[AdmissionResult]:
        """Examine several prepared images and return one result per image, in order; see `Classifier.infer_batch`."""
        inferences = self.classifier.infer_batch([image.working for image in images])
        return [self._admission_result(image, inference) for image, inference in zip(images, inferences, strict=True)]

    def apply_correction(self, admission_result: AdmissionResult) -> AdmissionResult:
        """Apply the suggested rotation or inversion and return the new result, with the caution CORRECTED.

        The gate suggests a correction only if it makes the image admissible, so the new result has no refusals. The
        correction is applied to the working image; whether it comes before or after resizing makes no difference.

        Raises:
            ValueError: The result suggests no correction.
            ReleaseIncompatible: A network returned a value that is not finite.
        """
        correction, original = admission_result.admission.correction, admission_result.inference
        if correction is None:
            raise ValueError("admission_result must have a suggested correction")
        inference = self.classifier.infer_working(correction.apply_to_pixels(original.working))
        file_cautions = correction.remaining_cautions(original.cautions, inference.working)
        inference = replace(inference, cautions=file_cautions)
        cautions = self._cautions(admission_result.shorter_side, inference, image_measures(inference))
        admission = AdmissionDecision(cautions=(Caution.CORRECTED, *cautions))
        return replace(admission_result, admission=admission, inference=inference)

    def read(self, admission_result: AdmissionResult, include_refused: bool = False) -> Finding:
        """Return the finding for an examined radiograph; see `Classifier.finding_from`.

        Args:
            admission_result: Result from this gate.
            include_refused: Also read a refused image, if a user requested it; the finding then carries the refusals.

        Raises:
            NotAdmitted: The image is refused.
        """
        admission = admission_result.admission
        if admission.refusals and not include_refused:
            raise NotAdmitted(admission.refusals)
        finding = self.classifier.finding_from(admission_result.inference)
        return replace(finding, cautions=(*finding.cautions, *admission.cautions), refusals=admission.refusals)

    def _admission_result(self, image: PreparedImage, inference: Inference) -> AdmissionResult:
        measures = image_measures(inference)
        refusals, correction = self._refusals(image, inference, measures)
        cautions = () if refusals else self._cautions(image.shorter_side, inference, measures)
        admission = AdmissionDecision(refusals, cautions, correction)
        return AdmissionResult(admission, replace(inference, cautions=image.cautions), image.shorter_side)

    def _refusals(
        self, image: PreparedImage, inference: Inference, measures: ImageMeasures
    ) -> tuple[tuple[RefusalReason, ...], Correction | None]:
        if image.shorter_side < MIN_ADMISSIBLE_SIDE:
            return (RefusalReason.TOO_SMALL,), None
        if image.colourfulness > MAX_COLOURFULNESS:
            return (RefusalReason.NOT_A_RADIOGRAPH,), None
        if np.ptp(np.percentile(image.working, (1, 99))) < _MIN_CONTRAST:  # all white, black or padding
            return (RefusalReason.NO_CONTRAST,), None
        probability = self._probability(inference, measures)
        if self.admission_classifier.is_admissible(probability):
            has_lungs = self.admission_classifier.has_plausible_lungs(measures)
            return (() if has_lungs else (RefusalReason.NO_LUNGS,)), None
        by_probability = [ADMISSION_CLASSES[n] for n in np.argsort(-probability)]
        reasons = [RefusalReason(reason) for reason in by_probability if reason != ADMISSIBLE]
        if reasons[0] in CORRECTABLE and (correction := self._find_correction(inference.working)):
            return correction.corrects, correction
        return (next(reason for reason in reasons if reason not in CORRECTABLE),), None

    def _find_correction(self, working: np.ndarray) -> Correction | None:
        """Return the correction that makes a working image admissible; if several do, the most probable one."""
        probabilities: dict[Correction, float] = {}
        for correction in CORRECTIONS:
            inference = self.classifier.infer_working(correction.apply_to_pixels(working))
            measures = image_measures(inference)
            probability = self._probability(inference, measures)
            is_admissible = self.admission_classifier.is_admissible(probability)
            if is_admissible and self.admission_classifier.has_plausible_lungs(measures):
                probabilities[correction] = probability[0]
        return max(probabilities, key=lambda correction: probabilities[correction], default=None)

    def _probability(self, inference: Inference, measures: ImageMeasures) -> np.ndarray:
        return self.admission_classifier.network.probability(extract_features(inference, measures))

    def _cautions(self, shorter_side: int, inference: Inference, measures: ImageMeasures) -> tuple[Caution, ...]:
        distance = mean_neighbour_distance(self.index, inference.output.embedding)
        hash_distance = hash_distances(perceptual_hash(inference.working), self.index.fingerprints)
        is_coarse = shorter_side < WORKING_SIDE
        applies = {
            Caution.OUT_OF_DISTRIBUTION: distance > self.admission_classifier.max_neighbour_distance,
            Caution.MIRRORED: self.admission_classifier.is_mirrored(asymmetry(inference)),
            Caution.LOW_QUALITY: is_coarse or self.admission_classifier.is_low_quality(measures),
            Caution.NEAR_DUPLICATE: (hash_distance <= DUPLICATE_MAX_BITS).any(),
        }
        return tuple(caution for caution, is_given in applies.items() if is_given)


def mean_neighbour_distance(index: SimilarCaseIndex, embedding: np.ndarray, group: str = "") -> float:
    """Return the mean distance, 0-2, between an embedding and its NEIGHBOURS_SHOWN nearest training images.

    Args:
        index: Index of the training images.
        embedding: float32 (channels,), see `Finding.embedding`.
        group: Patient group to exclude; "" excludes none.
    """
    distances = index.distances(embedding)
    if group:
        distances = distances[index.groups != group]
    nearest = np.partition(distances, min(NEIGHBOURS_SHOWN, len(distances)) - 1)[:NEIGHBOURS_SHOWN]
    return float(nearest.mean())
