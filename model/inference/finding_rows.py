"""One row per file, with the same columns in JSON lines, CSV and the app's download.

Rows are always in English, because other programs rely on the texts.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from model.errors import FileRefused
from model.inference.finding import Finding
from model.plain_text import printable, spreadsheet_text
from model.sentences import render, render_codes
from model.translation import DEFAULT_LANGUAGE

COLUMNS = (
    "path",
    "status",  # read or refused
    "probability",  # 0-1, full precision; empty if refused
    "verdict",
    "operating_point",
    "threshold",
    "reason_code",  # why a file was refused, even if it was read anyway
    "reason",
    "cautions",
    "read_anyway",  # refused, but read at the user's request
    "model_version",
    "prevalence",  # 0-1; probability and threshold are for this value
    "population",  # of the patient: children, adults or unknown; empty if refused
)
UNKNOWN_POPULATION = "unknown"
Row = dict[str, Any]


def finding_row(path: str, finding: Finding) -> Row:
    """Return the row for a file that was read."""
    return {
        "path": path,
        "status": "read",
        "probability": finding.probability,
        "verdict": str(finding.verdict),
        "operating_point": finding.operating_point.name,
        "threshold": finding.operating_point.threshold,
        "reason_code": finding.refusals[0] if finding.refusals else "",
        "reason": render_codes(finding.refusals, DEFAULT_LANGUAGE),
        "cautions": list(finding.cautions),
        "read_anyway": bool(finding.refusals),
        "model_version": finding.model_version,
        "prevalence": finding.prevalence,
        "population": str(finding.population or UNKNOWN_POPULATION),
    }


def refusal_row(path: str, refused: FileRefused, model_version: str) -> Row:
    """Return the row for a refused file, with the reason instead of a finding."""
    row: Row = dict.fromkeys(COLUMNS, "")
    row |= {"path": path, "status": "refused", "probability": None, "prevalence": None, "threshold": None}
    row |= {
        "reason_code": refused.code,
        "reason": render(refused.messages, DEFAULT_LANGUAGE),
        "cautions": [],
        "read_anyway": False,
    }
    row |= {"model_version": model_version}
    return row


def to_jsonl(row: Row) -> str:
    """Return a row as one line of JSON without a line break at the end, safe to print on a terminal."""
    return printable(json.dumps(row, ensure_ascii=False))  # the escapes are those of JSON, so no value changes


def to_csv(rows: Iterable[Row], header: bool = True) -> str:
    """Return rows as CSV; cautions are joined by ";", absent values are empty, and text is safe for a spreadsheet."""
    lines = [_csv_line(COLUMNS)] if header else []
    for row in rows:
        joined = {**row, "cautions": ";".join(row["cautions"])}
        lines.append(_csv_line([joined[column] for column in COLUMNS]))
    return "".join(lines)


def _csv_line(values: Sequence[Any]) -> str:
    text = io.StringIO()
    safe = [spreadsheet_text(value) if isinstance(value, str) else value for value in values]
    csv.writer(text, lineterminator="\n").writerow(safe)
    return text.getvalue()
