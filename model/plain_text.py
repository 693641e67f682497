r"""Make untrusted text, such as file names, harmless for terminals and spreadsheets.

A terminal obeys escape sequences, text-direction marks make one name look like another, and a spreadsheet computes a
cell that begins like a formula. A file name may contain all three.
"""

import re

# C0 and C1 controls, line and paragraph separators, Unicode's Bidi_Control characters, and surrogates, which cannot be
# encoded.
_NOT_PRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# The first character of a formula in Excel and LibreOffice, including full-width forms, at the start of the text or
# after a semicolon, which separates columns in many languages.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")  # noqa: RUF001 (full width)


def printable(text: str) -> str:
    r"""Replace control characters, line breaks and text-direction marks with JSON escapes, such as \u001b."""
    return _NOT_PRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def spreadsheet_text(text: str) -> str:
    """Return printable text with an apostrophe before anything that a spreadsheet would compute."""
    return _FORMULA.sub(r"\1'", printable(text))
