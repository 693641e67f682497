"""Split of the official train and val folders into training and validation, by patient.

The official test folder remains the test split: it measures a release and selects nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from dataset.index import OFFICIAL_TEST_SPLIT, LabelledImage
from model.codes import LABELS, SplitName
from model.errors import DatasetError

VALIDATION_SHARE = 0.15

# Groups whose images also exist in original size. They are kept out of training, so that they can measure how a finding
# changes if other software scales the image.
HELD_OUT_GROUPS = frozenset(
    [f"IM-{n}" for n in ("0343", "0401", "0439", "0501", "0581", "0608", "0609", "0641", "0415", "0622", "0804")]
    + [f"IM-{n}" for n in ("0825", "0845", "0851", "0854", "0880", "0983", "0995", "1227", "1329")]
    + [f"person{n}" for n in (1247, 1249, 1314, 1344, 1484, 1523, 1565, 1687, 1927, 258, 267, 296, 382)]
    + [f"person{n}" for n in (507, 517, 549, 688, 786, 818, 829)]
)


@dataclass(frozen=True)
class Split:
    """Records of the three splits; no group is in both training and validation."""

    training: list[LabelledImage]
    validation: list[LabelledImage]
    test: list[LabelledImage]

    def parts(self) -> dict[str, list[LabelledImage]]:
        """Return the records by split, in the order of `SPLITS`."""
        return {
            SplitName.TRAINING: self.training,
            SplitName.VALIDATION: self.validation,
            SplitName.TEST: self.test,
        }

    def part(self, name: str) -> list[LabelledImage]:
        """Return the records of "training", "validation" or "test"."""
        return self.parts()[name]


def split_for_training(records: Sequence[LabelledImage]) -> Split:
    """Split as `split` does and check that training and validation have images of both classes.

    Raises:
        DatasetError: A class is missing in training or validation.
    """
    result = split(records)
    for name in (SplitName.TRAINING, SplitName.VALIDATION):
        for label in LABELS:
            if not any(record.label == label for record in result.part(name)):
                raise DatasetError(
                    f"No {label} picture is left for {name} after {VALIDATION_SHARE:.0%} of the patients were set "
                    "aside for validation: add pictures of more patients to train/."
                )
    return result


def split(records: Sequence[LabelledImage]) -> Split:
    """Split by a hash of the group name: the same on every machine, whatever other images exist.

    The hash ignores the training seed on purpose, so that runs with different seeds share one validation split. A split
    may be empty, which is enough for an audit or the explorer, but not for training.
    """
    development = [record for record in records if record.split != OFFICIAL_TEST_SPLIT]
    return Split(
        training=[record for record in development if not _is_validation(record.group)],
        validation=[record for record in development if _is_validation(record.group)],
        test=[record for record in records if record.split == OFFICIAL_TEST_SPLIT],
    )


def _is_validation(group: str) -> bool:
    digest = hashlib.sha256(group.encode()).digest()
    return group in HELD_OUT_GROUPS or int.from_bytes(digest[:8]) / 2**64 < VALIDATION_SHARE
