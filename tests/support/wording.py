"""Find words in the project's texts that a native speaker would stumble over.

In Python files, docstrings, comments and strings are checked; in all other text files, the whole text. To list the
findings in some paths, run `python -m tests.support.wording PATH...`.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]

# Each pattern, and what to write instead.
AVOIDED_WORDS = {
    r"(?i)\bpictures?\b": "image, radiograph or chest X-ray",
    r"(?i)\bfilms?\b": "image, radiograph or chest X-ray",
    r"(?i)\bthe reader\b(?! study)|\breader's own\b": "the model (software), the clinician (person)",
    r"(?i)\banew\b": "again",
    r"(?i)\bbeside\b": "next to, with",
    r"(?i)\bwhoever\b": "anyone who, a person who",
    r"(?i)\bstands?\b": "is",
    r"(?i)\b(tells?|told)\b": "states, says, shows; distinguish",
    r"(?i)\b(rightly|wrongly)\b": "correctly, incorrectly; true or false positives",
    r"\bWhere (?!is |are |do |does |\|)": "if",
    r"\bwhere (there|it (is|has)|its|none|nothing|no)\b": "if",
    r"(?i)\b(puts?|setting|put) right\b": "corrects",
    r"(?i)\b(lays?|laid) (down|over|open)\b": "saves, overlays, reveals",
    r"(?i)\bbecomes? of\b": "happens to",
    r"(?i)\bat (your|the user's|their) wish\b": "at your request, on request",
    r"(?i)\ball the same\b": "anyway",
    r"(?i)\bown look\b": "own reading",
    r"(?i)\b(takes?|taken|took)( it| them)? for\b": "mistakes for, considers",
    r"(?i)\bspeaks? (for|against)\b": "suggests, supports",
    r"(?i)\bgo(es)? by\b": "uses, follows",
    r"\bfares?\b": "performs",
    r"(?i)\bto be believed\b|\bbelieved (rather )?more\b": "reliable",
    r"(\d|\}) %(?=[\s.,;:)\"'`]|$)": "X% without a space",
}
_PATTERNS = {re.compile(pattern, re.MULTILINE): better for pattern, better in AVOIDED_WORDS.items()}
_TEXT_SUFFIXES = {".py", ".md", ".toml", ".in", ".css", ".html", ".js", ".service", ".conf", ".po", ".pot", ""}
_EXEMPT = ("LICENSE", "tests/support/wording.py", "tests/project/test_wording.py")


@dataclass(frozen=True)
class WordingFinding:
    """An avoided word, where it is, and what to write instead."""

    path: str
    line: int
    word: str
    better: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}: {self.better}"


def text_files(paths: Iterable[str] = ()) -> list[Path]:
    """Return the text files below the given paths that git tracks or does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *paths]
    names = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = [PROJECT / name for name in names if name not in _EXEMPT]
    return [file for file in files if file.suffix in _TEXT_SUFFIXES and file.is_file()]


def find_avoided_words(file: Path) -> Iterator[WordingFinding]:
    """Yield the avoided words in one file."""
    for line, text in _texts(file):
        for pattern, better in _PATTERNS.items():
            for match in pattern.finditer(text):
                line_of_match = line + text.count("\n", 0, match.start())
                yield WordingFinding(str(file.relative_to(PROJECT)), line_of_match, match.group().strip(), better)


def _texts(file: Path) -> Iterator[tuple[int, str]]:
    """Yield line numbers and texts: comments and strings in a Python file, the whole text of any other file."""
    content = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        yield 1, content
        return
    text_kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type in text_kinds:
            yield token.start[0], token.string


if __name__ == "__main__":
    for text_file in text_files(sys.argv[1:]):
        for finding in find_avoided_words(text_file):
            print(finding)
