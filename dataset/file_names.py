"""What a file name of the Kermany set tells: patient and cause.

Patients are inferred: the set comes with no list of them. `person12_bacteria_3` and `person12_virus_5` are different
people, `IM-0012-..` and `NORMAL2-IM-0012-..` too: by number alone 264 "patients", 170 of them with
pneumonia, would stand in both train and test, by series and number none does.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath

NORMAL_NAME = re.compile(r"(?P<series>(?:NORMAL2-)?IM)-(?P<number>\d+)-")
PNEUMONIA_NAME = re.compile(r"person(?P<number>\d+)_(?P<agent>bacteria|virus)_")
CAUSE = {"bacteria": "bacterial", "virus": "viral"}


@dataclass(frozen=True)
class PatientIdentity:
    """Who and what a file name speaks of.

    patient: by series and number, as far as a name tells ("person12_bacteria", "NORMAL2-IM-0012").
    group: by number alone within a class, never splits one patient; the validation cut keeps groups together.
    cause: "bacterial", "viral", "none" (a normal film) or "unknown".
    """

    patient: str
    group: str
    cause: str


def parse_file_name(file_name: str, label: str) -> PatientIdentity:
    """Read patient, group and cause from a file name; a name of no known form is a patient of its own."""
    cause = "none" if label == "NORMAL" else "unknown"
    if match := PNEUMONIA_NAME.match(file_name):
        number, agent = int(match["number"]), match["agent"]
        named = cause if label == "NORMAL" else CAUSE[agent]  # the folder is the label, whatever a name says
        return PatientIdentity(f"person{number}_{agent}", f"person{number}", named)
    if match := NORMAL_NAME.match(file_name):
        return PatientIdentity(f"{match['series']}-{match['number']}", f"IM-{match['number']}", cause)
    stem = PurePath(file_name).stem
    return PatientIdentity(stem, stem, cause)
