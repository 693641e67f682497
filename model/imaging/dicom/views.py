"""Find out by the tags of a DICOM file whether it shows a frontal view. Runs in the worker process only."""

import re

from pydicom import Dataset

from model.imaging.dicom.display_terms import patient_orientation

# Codes of PS3.16 CID 4010 (DX View) in SNOMED CT, and in SNOMED-RT as older files have them ("SRT", "SNM3", "99SDM").
_LATERAL_CODES = re.compile(
    "399067008|R-102CD|399198007|R-10232|399173006|R-10236|399260004|R-10224|399352003|R-10228|30730003|G-A145"
)
_OBLIQUE_CODES = re.compile(
    "399182000|R-102C1|399236003|R-10234|399184004|R-10238|399135007|R-10220|399356000|R-40985|399006002|R-10212|"
    "399038007|R-10210|399312000|R-10208|399059000|R-10216|399160007|R-10204|399132005|R-10252|399325008|R-10254|"
    "399225005|R-10250|399288005|R-10248|399004004|R-10246|399099002|R-10230|399368009|R-10226|260427002|R-40783|"
    "260426006|R-40782"
)
# Words of a view position or of the meaning of a code, in upper case. In a lateral decubitus view, the patient lies on
# the side. RLO and LLO are terms of PS3.3 C.8.1.1; RAO, LPO and others come from angiography.
_DECUBITUS = re.compile(r"\b(?:LLD|RLD|D[EÉ]C[UÚ]B\w*)\b")
_SUPINE_OR_PRONE = re.compile(r"\b(?:SUPIN|DORSAL|PRON|VENTRAL)")
_OBLIQUE = re.compile(
    r"\b(?:OBL|OBLIQ\w*|[LR][LAP]O|SCHR(?:Ä|AE)G\w*|OBL[IÍ][QC]U?[AO]\w*|SKO[SŚ]N\w*|КОС[АОЫ]\w*)\b|斜位|사위"  # noqa: RUF001
)
_LATERAL = re.compile(
    r"\b(?:LL|RL|[LR]?LAT|LATERA\w*|LATERO\w*|PROFIL\w*|PERFIL\w*|SEITL\w*|SEITENAUFNAHME|ZIJDELINGS\w*|ZIJAANZICHT|"
    r"DWARS\w*|BOCZN\w*|BO[CČ]N[IÍ]\w*|SIDEBILL?EDE|SIDEBILDE|SIDEOPTAGELSE|SIDOBILD|SIVUKUVA|OLDALIR[AÁ]NY\w*|OLDALSO|"
    r"YAN|БОКОВ\w*|ПРОФИЛ\w*|ΠΛΑΓΙ\w*)\b"
    r"|[側侧]位|[側侧]面|측면|측위|جانبي|צדדי"
)
_MULTI_BYTE = ("utf-8", "shift_jis", "euc_jp", "gb18030", "euc_kr")  # may appear in a code string, against the rules


def non_frontal_view(dataset: Dataset) -> str:
    """Return "lateral", "oblique" or "decubitus" if the tags say so; else ""."""
    items = dataset.get("ViewCodeSequence") or []
    codes = [str(item.get("CodeValue") or "").strip().upper() for item in items]
    values = [str(value or "") for value in (dataset.get("ViewPosition"), *(item.get("CodeMeaning") for item in items))]
    texts = [_plain(text) for value in values for text in (value, *_in_other_encodings(value))]
    if any(_DECUBITUS.search(text) and not _SUPINE_OR_PRONE.search(text) for text in texts):
        return "decubitus"
    if any(map(_OBLIQUE_CODES.fullmatch, codes)) or any(map(_OBLIQUE.search, texts)):
        return "oblique"
    is_lateral = any(map(_LATERAL_CODES.fullmatch, codes)) or any(map(_LATERAL.search, texts))
    return "lateral" if is_lateral or _has_lateral_orientation(dataset) else ""


def _plain(text: str) -> str:
    """Return a text in upper case with its words separated by spaces."""
    return re.sub(r"[\s_\-^/\\.,;()]+", " ", text).upper().strip()


def _in_other_encodings(text: str) -> list[str]:
    """Return a text that pydicom has read as Latin-1, its default, in each multi-byte encoding that it may have."""
    content = text.encode("latin-1", "ignore")
    return [] if content.isascii() else [content.decode(encoding, "ignore") for encoding in _MULTI_BYTE]


def _has_lateral_orientation(dataset: Dataset) -> bool:
    """Return whether rows run front to back, or rows run head to feet and columns front to back (in any direction)."""
    rows, columns = patient_orientation(dataset) or ("L", "F")
    return rows[0] in "AP" or (rows[0] in "HF" and columns[0] in "AP")
