"""Split of the official train and val folders into training and validation, by patient.

The official test folder remains the test split. It is used to evaluate a release, never to choose a setting.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from dataset.errors import DatasetUnusable
from dataset.index import OFFICIAL_TEST_SPLIT, LabelledImage
from model.codes import LABELS, POPULATIONS, Population, SplitName
from model.messages import MessageCode

VALIDATION_SHARE = 0.15

# Groups whose images also exist at their original size. They are kept out of training and used to measure how a finding
# changes when different software resizes the image.
HELD_OUT_GROUPS = frozenset(
    [f"IM-{n}" for n in ("0343", "0401", "0439", "0501", "0581", "0608", "0609", "0641", "0415", "0622", "0804")]
    + [f"IM-{n}" for n in ("0825", "0845", "0851", "0854", "0880", "0983", "0995", "1227", "1329")]
    + [f"person{n}" for n in (1247, 1249, 1314, 1344, 1484, 1523, 1565, 1687, 1927, 258, 267, 296, 382)]
    + [f"person{n}" for n in (507, 517, 549, 688, 786, 818, 829)]
)


@dataclass(frozen=True)
class Split:
    """Records of the three splits. No group is in both training and validation."""

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
        """Return the records of the split with this name (a `SplitName`)."""
        return self.parts()[name]

    def of_population(self, population: Population) -> "Split":
        """Return the records of one population."""
        parts = ([r for r in records if r.population is population] for records in self.parts().values())
        return Split(*parts)

    def populations(self) -> tuple[Population, ...]:
        """Return the populations of the training images, in the order of `POPULATIONS`."""
        present = {record.population for record in self.training}
        return tuple(population for population in POPULATIONS if population in present)


def split_for_training(records: Sequence[LabelledImage]) -> Split:
    """Split the records with `split`, and check that training and validation contain images of both classes.

    Raises:
        DatasetUnusable: A class is missing from training or validation.
    """
    result = split(records)
    for name in (SplitName.TRAINING, SplitName.VALIDATION):
        for label in LABELS:
            if not any(record.label == label for record in result.part(name)):
                percent = round(100 * VALIDATION_SHARE)
                raise DatasetUnusable(MessageCode.TOO_FEW_PATIENTS, label=label, split=name, validation_percent=percent)
    return result


def split(records: Sequence[LabelledImage]) -> Split:
    """Split the records by a hash of their group name.

    The split of an image is the same on every machine and does not depend on the other images. Nor does it depend on
    the training seed, so runs with different seeds share one validation split. A split may be empty, which is
    acceptable for an audit or the explorer, but not for training.
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
