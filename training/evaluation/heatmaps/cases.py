"""Pictures of the set with all that is known of their explanations, which several measures share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from dataset.index import LabelledImage
from model.explanation.reliability import HeatMapReliability, measure_reliability
from model.inference.classifier import Classifier, Inference
from model.inference.decision import Verdict
from training.data.loading import read_radiograph


@dataclass(frozen=True, eq=False)
class HeatMapCase:
    """One picture of the set.

    picture: what the reader's network sees of it, float32 (1, side, side, 1), 0-255.
    verdict: at the default operating point.
    checks: of its heat map; None where they are not applicable.
    """

    record: LabelledImage
    seen: Inference
    picture: np.ndarray
    verdict: Verdict
    checks: HeatMapReliability | None

    @property
    def heat(self) -> np.ndarray:
        """The class-activation map, float32 (rows, columns), in logits."""
        return self.seen.output.class_activation_map

    @property
    def right(self) -> bool | None:
        """Whether the verdict is that of the label; None where it is indeterminate."""
        return None if self.verdict is Verdict.INDETERMINATE else self.verdict == self.record.label


def build_cases(classifier: Classifier, records: Sequence[LabelledImage], what: str) -> list[HeatMapCase]:
    """Read the pictures of the records and check each heat map."""
    explained = []
    for record in tqdm(records, desc=what, unit="picture", disable=None):
        seen = classifier.infer(read_radiograph(record))
        picture = classifier.release.view.network_input(seen.working, seen.lungs, classifier.release.side)
        verdict = classifier.finding_from(seen).verdict
        explained.append(HeatMapCase(record, seen, picture, verdict, measure_reliability(classifier, seen)))
    return explained


def patients_of(of: Sequence[HeatMapCase]) -> np.ndarray:
    """The patient of each, str (n,)."""
    return np.array([one.record.patient for one in of], str)
