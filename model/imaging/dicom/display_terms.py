"""Allow-list of terms in DICOM tags that may be displayed. Runs in the worker process only.

Any other value is hidden, because free text may contain a patient's name.
"""

import re

from pydicom import Dataset

from model.translation import N_

HIDDEN_VALUE_TEXT = N_("value not shown")  # replaces a value that is not on the list
# Defined terms of PS3.16 annex L for radiographs that include the chest, and two more terms in use.
BODY_PART = re.compile(
    "ABDOMENPELVIS|AORTA|BACK|BRONCHUS|CHEST|CHESTABDOMEN|CHESTABDPELVIS|CTSPINE|ESOPHAGUS|HEART|LUNG|MEDIASTINUM|"
    "NECKCHEST|NECKCHESTABDOMEN|NECKCHESTABDPELV|RIB|STERNUM|THYMUS|TLSPINE|TRACHEA|WHOLEBODY|RIBS|THORAX"
)
_VIEW = "AP|PA|AXIAL|DECUBITUS|ERECT|FRONTAL|LORDOTIC|MOBILE|PORTABLE|PRONE|SITTING|STANDING|SUPINE|UPRIGHT"
VIEW_POSITION = re.compile(f"(?:{_VIEW})(?:[ _/-](?:{_VIEW}))*")  # frontal views; other views are refused
LOSSY_COMPRESSION = re.compile("00|01")  # PS3.3 C.7.6.1.1.5
_WINDOW_NAME = re.compile(
    r"(?:BONES?|CHEST|DEFAULT|HARD|HARDER|LUNGS?|MEDIASTINUM|NORMAL|SOFT|SOFTER|SOFT TISSUE|STANDARD|THORAX|VOI|WINDOW)"
    r"[ _-]?[1-9]?"
)
# Direction of a row or a column, main direction first (PS3.3 C.7.6.1.1.1); at most one letter per axis of the body.
_DIRECTION = re.compile(r"(?!.*[LR].*[LR])(?!.*[AP].*[AP])(?!.*[HF].*[HF])[LRAPHF]{1,3}")


def allowed_term(dataset: Dataset, keyword: str, allowed: re.Pattern[str]) -> str:
    """Return the value of a tag if it is allowed, "" if it is absent, and HIDDEN_VALUE_TEXT otherwise."""
    value = str(dataset.get(keyword) or "").strip().upper()
    return value if allowed.fullmatch(value) or not value else HIDDEN_VALUE_TEXT


def allowed_window_name(explanation: object) -> str:
    """Return the explanation of a window or lookup table if it is allowed, else ""."""
    name = str(explanation or "").strip()
    return name if _WINDOW_NAME.fullmatch(name.upper()) else ""


def patient_orientation(dataset: Dataset) -> tuple[str, ...]:
    """Return the directions of rows and columns, such as ("L", "F"); empty if absent or invalid."""
    value = dataset.get("PatientOrientation")
    directions = () if isinstance(value, str) else tuple(str(item).strip().upper() for item in value or ())
    return directions if len(directions) == 2 and all(map(_DIRECTION.fullmatch, directions)) else ()
