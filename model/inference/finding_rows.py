"""One row per file, the same columns in the shell, in CSV and in the app's download."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from model.codes import refusal_text
from model.errors import FileRefused
from model.inference.finding import Finding

COLUMNS = (
    "path",
    "status",  # read or refused
    "probability",  # 0-1, full precision; empty where refused
    "verdict",
    "operating_point",
    "threshold",
    "reason_code",  # why a file was refused, or should have been
    "reason",
    "cautions",
    "read_anyway",  # it was refused, and read because somebody asked for it
    "model_version",
    "prevalence",  # 0-1, that probability and threshold are stated at
)
Row = dict[str, Any]


def finding_row(path: str, finding: Finding) -> Row:
    """The row of a file that was read."""
    return {
        "path": path,
        "status": "read",
        "probability": finding.probability,
        "verdict": str(finding.verdict),
        "operating_point": finding.operating_point.name,
        "threshold": finding.operating_point.threshold,
        "reason_code": finding.refusals[0] if finding.refusals else "",
        "reason": refusal_text(finding.refusals),
        "cautions": list(finding.cautions),
        "read_anyway": bool(finding.refusals),
        "model_version": finding.model_version,
        "prevalence": finding.prevalence,
    }


def refusal_row(path: str, refused: FileRefused, model_version: str) -> Row:
    """The row of a file that was not read, with the reason in place of a finding."""
    row: Row = dict.fromkeys(COLUMNS, "")
    row |= {"path": path, "status": "refused", "probability": None, "prevalence": None, "threshold": None}
    row |= {"reason_code": refused.code, "reason": str(refused), "cautions": [], "read_anyway": False}
    row |= {"model_version": model_version}
    return row


def to_jsonl(row: Row) -> str:
    """One JSON object in one line, without the line's end."""
    return json.dumps(row, ensure_ascii=False)


def to_csv(rows: Iterable[Row], header: bool = True) -> str:
    """Rows as CSV; cautions joined by ";", what is absent left empty."""
    table = [{**row, "cautions": ";".join(row["cautions"])} for row in rows]
    names = [dict(zip(COLUMNS, COLUMNS, strict=True))] if header else []
    return "".join(_csv_line([row[column] for column in COLUMNS]) for row in names + table)


def _csv_line(values: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)  # quotes what holds a character of this end, or a comma
    return text.getvalue().removesuffix("\r\n") + "\n"
