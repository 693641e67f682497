"""Pictures of the set with all that is known of their explanations, which several measures share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from dataset.index import Record
from model.explanation.reliability import Checks, check_explanation
from model.inference.classifier import Reader, Seen
from model.inference.decision import Verdict
from training.data.loading import read_radiograph

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Explained:
    """One picture of the set.

    picture: what the reader's network sees of it, float32 (1, side, side, 1), 0-255.
    verdict: at the default operating point.
    checks: of its heat map; None where they are not applicable.
    """

    record: Record
    seen: Seen
    picture: np.ndarray
    verdict: Verdict
    checks: Checks | None

    @property
    def heat(self) -> np.ndarray:
        """The class-activation map, float32 (rows, columns), in logits."""
        return self.seen.raw.class_activation_map

    @property
    def right(self) -> bool | None:
        """Whether the verdict is that of the label; None where it is indeterminate."""
        return None if self.verdict is Verdict.INDETERMINATE else self.verdict == self.record.label


def explain_all(reader: Reader, records: Sequence[Record], what: str) -> list[Explained]:
    """Read the pictures of the records and check each heat map."""
    explained = []
    for record in tqdm(records, desc=what, unit="picture", disable=None):
        seen = reader.see(read_radiograph(record))
        picture = reader.release.view.look(seen.working, seen.lungs, reader.release.side)
        verdict = reader.finding(seen).verdict
        explained.append(Explained(record, seen, picture, verdict, check_explanation(reader, seen)))
    return explained


def patients(of: Sequence[Explained]) -> np.ndarray:
    """The patient of each, str (n,)."""
    return np.array([one.record.patient for one in of], str)


def sample(of: Sequence[Item], most: int) -> list[Item]:
    """At most so many, drawn by a fixed seed, in their order."""
    chosen = np.random.default_rng(0).permutation(len(of))[:most]
    return [of[index] for index in sorted(chosen)]
