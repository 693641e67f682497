"""The one way from a radiograph to a finding for all who use the reader: nothing is read that was not checked first.

It fails closed: without the release's checks there is no gate, and what a check cannot judge raises an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from model.admission.classifier import FINE, KINDS, Checks
from model.admission.decision import LEAST_SIDE, Admission, Code, Remedy, refusal_reason
from model.admission.features import Measures, measure, sides, signs
from model.errors import NotAdmitted
from model.imaging.perceptual_hash import SAME_FILM, fingerprint, fingerprint_distances
from model.imaging.preprocessing import WORKING_SIDE, Film
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Finding, Reader, Seen
from model.inference.similar_cases import COUNT, LookAlikes

MOST_COLOUR = 15.0  # colourfulness: "slightly colourful" in Hasler and Suesstrunk 2003, table 2; tinted films have less
REMEDIED = (Code.ROTATED, Code.INVERTED)  # said only where a remedy proves it
REMEDIES = tuple(Remedy(turns, invert) for invert in (False, True) for turns in range(4) if turns or invert)


@dataclass(frozen=True, eq=False)
class Examination:
    """What the check says of one radiograph, and what the networks saw, so that a reading need not look again.

    least_side: the shorter side of the radiograph, in pixels.
    """

    admission: Admission
    seen: Seen
    least_side: int


@dataclass(frozen=True, eq=False)
class Gate:
    """Checks and reads with one release; safe to share between threads.

    reader: what it reads with; checks and index: of the same release.
    """

    reader: Reader
    checks: Checks
    index: LookAlikes

    @classmethod
    def of(cls, reader: Reader) -> Self:
        """The gate of a reader's release.

        Raises:
            ReleaseError: the checks, or the index of similar cases that they need, are missing, altered or do not fit.
        """
        return cls(reader, Checks.of(reader.release), LookAlikes.of(reader.release))

    def examine(self, radiograph: Radiograph) -> Examination:
        """Look at a radiograph and say whether it may be read.

        Raises:
            ReleaseMismatch: a network gave no number.
        """
        return self.examine_all([Film.of(radiograph)])[0]

    def examine_all(self, films: Sequence[Film]) -> list[Examination]:
        """What `examine` does of several; see `Reader.see_all`."""
        seen = self.reader.see_all([film.working for film in films])
        return [self._examined(*of_one) for of_one in zip(films, seen, strict=True)]

    def put_right(self, examination: Examination) -> Examination:
        """What `examine` says once the remedy of a refused picture is applied, which the finding will tell.

        The remedy was offered because it makes this picture one that is admitted; it is the same picture here, for
        turning and swapping before or after the change of size comes to the same.

        Raises:
            ValueError: there is no remedy.
            ReleaseMismatch: a network gave no number.
        """
        remedy, earlier = examination.admission.remedy, examination.seen
        if remedy is None:
            raise ValueError("examination: one with a remedy expected")
        seen = replace(self.reader.see_working(remedy.apply(earlier.working)), clinical=earlier.clinical)
        cautions = (Code.REMEDIED, *self._cautions(examination.least_side, seen, measure(seen)))
        return replace(examination, admission=Admission(cautions=cautions), seen=seen)

    def read(self, examination: Examination, anyway: bool = False) -> Finding:
        """The finding of an examined radiograph; see `Reader.finding`.

        Args:
            examination: of this gate.
            anyway: read what is refused too; the finding then carries the refusals. Only by an explicit act of a user.

        Raises:
            NotAdmitted: it is refused.
        """
        admission = examination.admission
        if admission.refusals and not anyway:
            raise NotAdmitted(refusal_reason(admission.refusals), admission.refusals[0])
        finding = self.reader.finding(examination.seen)
        return replace(finding, cautions=(*finding.cautions, *admission.cautions), refusals=admission.refusals)

    def _examined(self, film: Film, seen: Seen) -> Examination:
        measures = measure(seen)
        refusals, remedy = self._refusals(film, seen, measures)
        cautions = () if refusals else self._cautions(film.least_side, seen, measures)
        seen = replace(seen, clinical=film.clinical)
        return Examination(Admission(refusals, cautions, remedy), seen, film.least_side)

    def _refusals(self, film: Film, seen: Seen, measures: Measures) -> tuple[tuple[Code, ...], Remedy | None]:
        if film.least_side < LEAST_SIDE:
            return (Code.TOO_SMALL,), None
        if film.colourfulness > MOST_COLOUR:
            return (Code.NOT_A_RADIOGRAPH,), None
        probability = self._probability(seen, measures)
        if self.checks.admits(probability):
            return (() if self.checks.plausible_lungs(measures) else (Code.NO_LUNGS,)), None
        likely = [KINDS[n] for n in np.argsort(-probability) if KINDS[n] != FINE]
        if likely[0] in REMEDIED and (remedy := self._remedy(seen.working)):
            return remedy.codes, remedy
        return (next(kind for kind in likely if kind not in REMEDIED),), None

    def _remedy(self, working: np.ndarray) -> Remedy | None:
        """What turns a working picture into one that may be read, the best where several do."""
        tried = {}
        for remedy in REMEDIES:
            seen = self.reader.see_working(remedy.apply(working))
            measures = measure(seen)
            probability = self._probability(seen, measures)
            if self.checks.admits(probability) and self.checks.plausible_lungs(measures):
                tried[remedy] = probability[0]
        return max(tried, key=tried.get, default=None)

    def _probability(self, seen: Seen, measures: Measures) -> np.ndarray:
        return self.checks.probability(signs(seen, measures))

    def _cautions(self, least_side: int, seen: Seen, measures: Measures) -> tuple[Code, ...]:
        copies = fingerprint_distances(fingerprint(seen.working), self.index.fingerprints) <= SAME_FILM
        found = {
            Code.UNFAMILIAR: distance_of_nearest(self.index, seen.raw.embedding) > self.checks.most_distance,
            Code.MIRRORED: self.checks.mirrored(sides(seen)),
            Code.LOW_QUALITY: least_side < WORKING_SIDE or self.checks.poor(measures),
            Code.NEAR_DUPLICATE: copies.any(),
        }
        return tuple(code for code, is_so in found.items() if is_so)


def distance_of_nearest(index: LookAlikes, embedding: np.ndarray, group: str = "") -> float:
    """Mean distance of the COUNT training pictures nearest to an embedding, those of a group left out: 0-2."""
    distance = index.distances(embedding)
    if group:
        distance = distance[index.groups != group]
    return float(np.partition(distance, min(COUNT, len(distance)) - 1)[:COUNT].mean())
