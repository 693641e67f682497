"""Comparison of the rows of two checkouts."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.compare_findings.checkout import Output, Row
from tools.compare_findings.files import compare_folders

CODE_COLUMNS = ("status", "verdict", "operating_point", "reason_code", "cautions")
SENTENCE_COLUMNS = ("reason",)


@dataclass(frozen=True)
class ExpectedChanges:
    """Differences that are intended.

    Attributes:
        renamed: Code in BEFORE -> code in AFTER.
        ignore_sentences: Whether human-readable text may differ.
    """

    renamed: Mapping[str, str]
    ignore_sentences: bool = False


def compare_outputs(before: Output, after: Output, expected: ExpectedChanges) -> Iterator[str]:
    """Compare one run of each checkout.

    Yields:
        A description of each difference.
    """
    if before.status != after.status:
        yield f"exit status: {before.status} in BEFORE, {after.status} in AFTER"
    yield from _find_merged_codes(before.rows, expected)
    pairs, unpaired = _pair_rows(before.rows, after.rows)
    yield from unpaired
    yield from dict.fromkeys(difference for pair in pairs for difference in _compare_columns(*pair))
    for pair in pairs:
        yield from _compare_values(*pair, expected)
    yield from compare_folders(before.heat_maps, after.heat_maps)


def _find_merged_codes(before: Sequence[Row], expected: ExpectedChanges) -> Iterator[str]:
    """Yield new names that BEFORE already uses, because two codes of BEFORE would then be the same code in AFTER."""
    used = {code for row in before for column in CODE_COLUMNS for code in _as_list(row.get(column))}
    for old, new in expected.renamed.items():
        if old != new and new in used and new not in expected.renamed:
            yield f"renamed code {old}={new}: BEFORE already uses {new}"


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _pair_rows(before: Sequence[Row], after: Sequence[Row]) -> tuple[list[tuple[Row, Row]], list[str]]:
    """Pair the rows for the same file.

    Returns:
        The pairs, and descriptions of missing, additional and reordered rows.
    """
    before_paths, after_paths = ([row.get("path") for row in rows] for rows in (before, after))
    if before_paths == after_paths:
        return list(zip(before, after, strict=True)), []
    after_by_path = dict(zip(after_paths, after, strict=True))
    pairs = [(row, after_by_path[row.get("path")]) for row in before if row.get("path") in after_by_path]
    missing, added = Counter(before_paths) - Counter(after_paths), Counter(after_paths) - Counter(before_paths)
    unpaired = [f"{path}: no row in AFTER" for path in missing] + [f"{path}: no row in BEFORE" for path in added]
    return pairs, unpaired or ["the rows are in a different order"]


def _compare_columns(before: Row, after: Row) -> Iterator[str]:
    """Yield a difference unless the columns of AFTER start with those of BEFORE, in the same order."""
    if list(after)[: len(before)] != list(before):
        yield f"columns: {', '.join(before)} in BEFORE, {', '.join(after)} in AFTER"


def _compare_values(before: Row, after: Row, expected: ExpectedChanges) -> Iterator[str]:
    ignored = SENTENCE_COLUMNS if expected.ignore_sentences else ()
    for column in before:
        if column not in after or column in ignored:
            continue
        value = _apply_renames(before[column], expected.renamed) if column in CODE_COLUMNS else before[column]
        if _to_json(value) != _to_json(after[column]):
            values = f"{_to_json(before[column])} in BEFORE, {_to_json(after[column])} in AFTER"
            hint = f" (expected {_to_json(value)})" if _to_json(value) != _to_json(before[column]) else ""
            yield f"{before.get('path')}: {column}: {values}{hint}"


def _to_json(value: Any) -> str:
    """Return a value as JSON, in which floats are exact and 1, 1.0 and true are different."""
    return json.dumps(value, ensure_ascii=False)


def _apply_renames(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_apply_renames(entry, renamed) for entry in value]
    return renamed.get(value, value) if isinstance(value, str) else value
