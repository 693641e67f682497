"""Cut a validation part out of the official train and val folders, whole patients at a time.

The official test folder is never touched here: it measures a release and chooses nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from dataset.index import LabelledImage
from model.codes import LABELS
from model.errors import DatasetError

VALIDATION_SHARE = 0.15

# Groups whose pictures also exist in original size: kept out of training, so that the same films can later show
# how the reading holds when a film is scaled by other software.
HELD_OUT_GROUPS = frozenset(
    [f"IM-{n}" for n in ("0343", "0401", "0439", "0501", "0581", "0608", "0609", "0641", "0415", "0622", "0804")]
    + [f"IM-{n}" for n in ("0825", "0845", "0851", "0854", "0880", "0983", "0995", "1227", "1329")]
    + [f"person{n}" for n in (1247, 1249, 1314, 1344, 1484, 1523, 1565, 1687, 1927, 258, 267, 296, 382)]
    + [f"person{n}" for n in (507, 517, 549, 688, 786, 818, 829)]
)


@dataclass(frozen=True)
class Split:
    """Training, validation and test records; no group stands in both training and validation."""

    training: list[LabelledImage]
    validation: list[LabelledImage]
    test: list[LabelledImage]

    def part(self, name: str) -> list[LabelledImage]:
        """The records of "training", "validation" or "test"."""
        return {"training": self.training, "validation": self.validation, "test": self.test}[name]


def split_for_training(records: Sequence[LabelledImage]) -> Split:
    """Cut into parts that can train, choose and measure; see `split`.

    Raises:
        DatasetError: a class is absent from training or validation.
    """
    parts = split(records)
    for name in ("training", "validation"):
        for label in LABELS:
            if not any(record.label == label for record in parts.part(name)):
                raise DatasetError(
                    f"No {label} picture is left for {name} after {VALIDATION_SHARE:.0%} of the patients were set "
                    "aside for validation: add pictures of more patients to train/."
                )
    return parts


def split(records: Sequence[LabelledImage]) -> Split:
    """Cut by a hash of the group's name: the same on every machine, whatever other pictures are added.

    The hash ignores the training seed on purpose: runs with different seeds are compared on the same validation. A part
    may be empty: enough for looking at the pictures that are there, too little for training.
    """
    pool = [record for record in records if record.split != "test"]
    return Split(
        training=[record for record in pool if not _is_validation(record.group)],
        validation=[record for record in pool if _is_validation(record.group)],
        test=[record for record in records if record.split == "test"],
    )


def _is_validation(group: str) -> bool:
    digest = hashlib.sha256(group.encode()).digest()
    return group in HELD_OUT_GROUPS or int.from_bytes(digest[:8]) / 2**64 < VALIDATION_SHARE
