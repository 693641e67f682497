"""The one way from a radiograph to a finding for all who use the reader: nothing is read that was not checked first.

It fails closed: without the release's checks there is no gate, and what a check cannot judge raises an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from model.admission.classifier import ADMISSIBLE, ADMISSION_CLASSES, AdmissionClassifier
from model.admission.decision import AdmissionDecision, Correction
from model.admission.features import ImageMeasures, asymmetry, extract_features, image_measures
from model.codes import MIN_ADMISSIBLE_SIDE, Caution, RefusalReason, refusal_text
from model.errors import NotAdmitted
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, hash_distances, perceptual_hash
from model.imaging.preprocessing import WORKING_SIDE, PreparedImage
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier, Inference
from model.inference.finding import Finding
from model.inference.similar_cases import NEIGHBOURS_SHOWN, SimilarCaseIndex

MAX_COLOURFULNESS = (
    15.0  # colourfulness: "slightly colourful" in Hasler and Suesstrunk 2003, table 2; tinted films have less
)
CORRECTABLE = (RefusalReason.ROTATED, RefusalReason.INVERTED)  # said only where a remedy proves it
CORRECTIONS = tuple(Correction(turns, invert) for invert in (False, True) for turns in range(4) if turns or invert)


@dataclass(frozen=True, eq=False)
class AdmissionResult:
    """What the check says of one radiograph, and what the networks saw, so that a reading need not look again.

    least_side: the shorter side of the radiograph, in pixels.
    """

    admission: AdmissionDecision
    inference: Inference
    shorter_side: int


@dataclass(frozen=True, eq=False)
class AdmissionGate:
    """Checks and reads with one release; safe to share between threads.

    reader: what it reads with; checks and index: of the same release.
    """

    classifier: Classifier
    admission_classifier: AdmissionClassifier
    index: SimilarCaseIndex

    @classmethod
    def from_classifier(cls, classifier: Classifier) -> Self:
        """The gate of a reader's release.

        Raises:
            ReleaseError: the checks, or the index of similar cases that they need, are missing, altered or do not fit.
        """
        return cls(
            classifier,
            AdmissionClassifier.from_release(classifier.release),
            SimilarCaseIndex.from_release(classifier.release),
        )

    def examine(self, radiograph: Radiograph) -> AdmissionResult:
        """Look at a radiograph and say whether it may be read.

        Raises:
            ReleaseMismatch: a network gave no number.
        """
        return self.examine_batch([PreparedImage.from_radiograph(radiograph)])[0]

    def examine_batch(self, films: Sequence[PreparedImage]) -> list[AdmissionResult]:
        """What `examine` does of several; see `Classifier.infer_batch`."""
        seen = self.classifier.infer_batch([film.working for film in films])
        return [self._examined(*of_one) for of_one in zip(films, seen, strict=True)]

    def apply_correction(self, admission_result: AdmissionResult) -> AdmissionResult:
        """What `examine` says once the remedy of a refused picture is applied, which the finding will tell.

        The remedy was offered because it makes this picture one that is admitted; it is the same picture here, for
        turning and swapping before or after the change of size comes to the same.

        Raises:
            ValueError: there is no remedy.
            ReleaseMismatch: a network gave no number.
        """
        correction, earlier = admission_result.admission.correction, admission_result.inference
        if correction is None:
            raise ValueError("examination: one with a remedy expected")
        seen = replace(self.classifier.infer_working(correction.apply(earlier.working)), metadata=earlier.metadata)
        cautions = (Caution.CORRECTED, *self._cautions(admission_result.shorter_side, seen, image_measures(seen)))
        return replace(admission_result, admission=AdmissionDecision(cautions=cautions), inference=seen)

    def read(self, admission_result: AdmissionResult, anyway: bool = False) -> Finding:
        """The finding of an examined radiograph; see `Classifier.finding_from`.

        Args:
            examination: of this gate.
            anyway: read what is refused too; the finding then carries the refusals. Only by an explicit act of a user.

        Raises:
            NotAdmitted: it is refused.
        """
        admission = admission_result.admission
        if admission.refusals and not anyway:
            raise NotAdmitted(refusal_text(admission.refusals), admission.refusals[0])
        finding = self.classifier.finding_from(admission_result.inference)
        return replace(finding, cautions=(*finding.cautions, *admission.cautions), refusals=admission.refusals)

    def _examined(self, film: PreparedImage, seen: Inference) -> AdmissionResult:
        measures = image_measures(seen)
        refusals, correction = self._refusals(film, seen, measures)
        cautions = () if refusals else self._cautions(film.shorter_side, seen, measures)
        seen = replace(seen, metadata=film.metadata)
        return AdmissionResult(AdmissionDecision(refusals, cautions, correction), seen, film.shorter_side)

    def _refusals(
        self, film: PreparedImage, seen: Inference, measures: ImageMeasures
    ) -> tuple[tuple[RefusalReason, ...], Correction | None]:
        if film.shorter_side < MIN_ADMISSIBLE_SIDE:
            return (RefusalReason.TOO_SMALL,), None
        if film.colourfulness > MAX_COLOURFULNESS:
            return (RefusalReason.NOT_A_RADIOGRAPH,), None
        probability = self._probability(seen, measures)
        if self.admission_classifier.is_admissible(probability):
            return (() if self.admission_classifier.has_plausible_lungs(measures) else (RefusalReason.NO_LUNGS,)), None
        likely = [ADMISSION_CLASSES[n] for n in np.argsort(-probability) if ADMISSION_CLASSES[n] != ADMISSIBLE]
        if likely[0] in CORRECTABLE and (correction := self._remedy(seen.working)):
            return correction.corrects, correction
        return (next(kind for kind in likely if kind not in CORRECTABLE),), None

    def _remedy(self, working: np.ndarray) -> Correction | None:
        """What turns a working picture into one that may be read, the best where several do."""
        tried = {}
        for correction in CORRECTIONS:
            seen = self.classifier.infer_working(correction.apply(working))
            measures = image_measures(seen)
            probability = self._probability(seen, measures)
            if self.admission_classifier.is_admissible(probability) and self.admission_classifier.has_plausible_lungs(
                measures
            ):
                tried[correction] = probability[0]
        return max(tried, key=tried.get, default=None)

    def _probability(self, seen: Inference, measures: ImageMeasures) -> np.ndarray:
        return self.admission_classifier.probability(extract_features(seen, measures))

    def _cautions(self, least_side: int, seen: Inference, measures: ImageMeasures) -> tuple[Caution, ...]:
        copies = hash_distances(perceptual_hash(seen.working), self.index.fingerprints) <= DUPLICATE_MAX_BITS
        found = {
            Caution.OUT_OF_DISTRIBUTION: mean_neighbour_distance(self.index, seen.output.embedding)
            > self.admission_classifier.most_distance,
            Caution.MIRRORED: self.admission_classifier.is_mirrored(asymmetry(seen)),
            Caution.LOW_QUALITY: least_side < WORKING_SIDE or self.admission_classifier.is_low_quality(measures),
            Caution.NEAR_DUPLICATE: copies.any(),
        }
        return tuple(code for code, is_so in found.items() if is_so)


def mean_neighbour_distance(index: SimilarCaseIndex, embedding: np.ndarray, group: str = "") -> float:
    """Mean distance of the COUNT training pictures nearest to an embedding, those of a group left out: 0-2."""
    distance = index.distances(embedding)
    if group:
        distance = distance[index.groups != group]
    return float(np.partition(distance, min(NEIGHBOURS_SHOWN, len(distance)) - 1)[:NEIGHBOURS_SHOWN].mean())
