"""Markdown of the model card: paragraphs, lists and tables."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

LINE_WIDTH = 120  # characters


def markdown_paragraph(text: str) -> str:
    """Return a wrapped paragraph."""
    return textwrap.fill(text, LINE_WIDTH, break_on_hyphens=False)


def markdown_list(sentences: Iterable[str]) -> str:
    """Return a wrapped list with one item per sentence."""
    return "\n".join(
        textwrap.fill(sentence, LINE_WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        for sentence in sentences
    )


def markdown_table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return a table of rows that all have the same columns, or "Not measured." if there are no rows."""
    if not rows:
        return "Not measured."
    header = list(rows[0])
    cells_by_line = [header, ["---"] * len(header), *([str(value) for value in row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in cells_by_line)
