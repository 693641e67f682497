r"""Show names and other text from outside: without control characters, and without formulas in a spreadsheet.

A terminal obeys escape sequences, marks of text direction make a name look like another one, and a spreadsheet computes
a cell that begins like a formula. A file name may contain all of them.
"""

import re

# C0 and C1 controls, line and paragraph separators, the Bidi_Control characters of Unicode, and halves of characters
# that no encoding can write.
_NOT_PRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# The first characters of a formula in Excel and LibreOffice, also in full width, and after the semicolon that separates
# columns in many languages.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")  # noqa: RUF001 (full width)


def printable(text: str) -> str:
    r"""Replace control characters, line breaks and marks of text direction by escapes as in JSON, such as \u001b."""
    return _NOT_PRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def spreadsheet_text(text: str) -> str:
    """Return printable text with an apostrophe before anything that a spreadsheet would compute."""
    return _FORMULA.sub(r"\1'", printable(text))
