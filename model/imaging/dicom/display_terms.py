"""Words of a DICOM file that may be shown; any other might be a name that somebody has typed there."""

import re

from pydicom import Dataset

HIDDEN_VALUE_TEXT = "told in words that are not shown"  # in place of a word that is not known
BODY_PART = re.compile(  # defined terms of PS3.16 annex L that a film with a chest on it may carry, and two more in use
    "ABDOMENPELVIS|AORTA|BACK|BRONCHUS|CHEST|CHESTABDOMEN|CHESTABDPELVIS|CTSPINE|ESOPHAGUS|HEART|LUNG|MEDIASTINUM|"
    "NECKCHEST|NECKCHESTABDOMEN|NECKCHESTABDPELV|RIB|STERNUM|THYMUS|TLSPINE|TRACHEA|WHOLEBODY|RIBS|THORAX"
)
_VIEW = "AP|PA|LLD|RLD|AXIAL|DECUBITUS|ERECT|FRONTAL|LORDOTIC|MOBILE|PORTABLE|PRONE|SITTING|STANDING|SUPINE|UPRIGHT"
VIEW_POSITION = re.compile(f"(?:{_VIEW})(?:[ _/-](?:{_VIEW}))*")  # frontal ones: others are refused
LOSS = re.compile("00|01")  # PS3.3 C.7.6.1.1.5
_WINDOW = re.compile(
    r"(?:BONES?|CHEST|DEFAULT|HARD|HARDER|LUNGS?|MEDIASTINUM|NORMAL|SOFT|SOFTER|SOFT TISSUE|STANDARD|THORAX|VOI|WINDOW)"
    r"[ _-]?[1-9]?"
)
# Towards where a row or a column runs, the main direction first (PS3.3 C.7.6.1.1.1); each axis of the body once.
_DIRECTION = re.compile(r"(?!.*[LR].*[LR])(?!.*[AP].*[AP])(?!.*[HF].*[HF])[LRAPHF]{1,3}")


def allowed_term(dataset: Dataset, keyword: str, words: re.Pattern) -> str:
    """What a tag says where it is one of these words; "" where it says nothing, and else OTHER_WORDS."""
    text = str(dataset.get(keyword) or "").strip().upper()
    return text if words.fullmatch(text) or not text else HIDDEN_VALUE_TEXT


def allowed_window_name(text: object) -> str:
    """The explanation of a window or a table where it is in known words, else ""."""
    words = str(text or "").strip()
    return words if _WINDOW.fullmatch(words.upper()) else ""


def patient_orientation(dataset: Dataset) -> tuple[str, ...]:
    """Towards where the rows and the columns run, such as ("L", "F"); empty where that is untold or makes no sense."""
    value = dataset.get("PatientOrientation")
    told = () if isinstance(value, str) else tuple(str(one).strip().upper() for one in value or ())
    return told if len(told) == 2 and all(map(_DIRECTION.fullmatch, told)) else ()
