"""Patient and cause from a file name of the Kermany data set.

The data set has no list of patients, so they are inferred from the names. `person12_bacteria_3` and `person12_virus_5`
are different people, and so are `IM-0012-..` and `NORMAL2-IM-0012-..`. If the number alone identified a patient, 264
"patients" (170 with pneumonia) would be in both train and test. If series and number identify a patient, none is.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath

from model.codes import Label

NORMAL_NAME = re.compile(r"(?P<series>(?:NORMAL2-)?IM)-(?P<number>\d+)-")
PNEUMONIA_NAME = re.compile(r"person(?P<number>\d+)_(?P<agent>bacteria|virus)_")
CAUSE = {"bacteria": "bacterial", "virus": "viral"}


@dataclass(frozen=True)
class PatientIdentity:
    """Patient and cause, as parsed from a file name.

    Attributes:
        patient: Series and number, or the stem of a name without them ("person12_bacteria", "NORMAL2-IM-0012").
        group: Number alone, within a class. All images of a patient have the same group, and the validation split
            keeps groups together.
        cause: "bacterial", "viral", "none" (normal image) or "unknown".
    """

    patient: str
    group: str
    cause: str


def parse_file_name(file_name: str, label: str) -> PatientIdentity:
    """Parse patient, group and cause. An image whose name has an unknown form counts as a patient of its own.

    Args:
        file_name: Name of the file, without its folder.
        label: Class of the image. A normal image has no cause, regardless of its name.
    """
    is_normal = label == Label.NORMAL
    cause = "none" if is_normal else "unknown"
    if match := PNEUMONIA_NAME.match(file_name):
        number, agent = int(match["number"]), match["agent"]
        return PatientIdentity(f"person{number}_{agent}", f"person{number}", cause if is_normal else CAUSE[agent])
    if match := NORMAL_NAME.match(file_name):
        return PatientIdentity(f"{match['series']}-{match['number']}", f"IM-{match['number']}", cause)
    stem = PurePath(file_name).stem
    return PatientIdentity(stem, stem, cause)
