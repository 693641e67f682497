"""Texts marked for translation, a pseudo-language made from them, and screen texts that are not marked.

To list the unmarked texts in some files or folders, run `python -m tests.support.translated PATH...`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo

from model import translation

PROJECT = Path(__file__).parents[2]
TRANSLATED_FOLDERS = ("ui", "pages", "model", "dataset")
TRANSLATED_FILES = ("app.py", "training/release/statements.py")  # pages show these statements, from model.json
PSEUDO_LANGUAGE = "xx"
OPENING, CLOSING = "\N{LEFT WHITE SQUARE BRACKET}", "\N{RIGHT WHITE SQUARE BRACKET}"  # around each translated text
_MARKERS = {"_", "N_", "gettext", "ngettext"}
# A text for people: two words or more, at least one of which has two letters or more.
_TEXT = re.compile(r"[A-Za-z]{2,}[,.:;]? +[A-Za-z]|[A-Za-z],? +[A-Za-z]{2,}")
_CODE = re.compile(r"^\s*<|[{};]\s*$|^[.#@]|^\w+\(|: ?var\(|;\s*\w[\w-]*:|^'self'")  # HTML, CSS, security policy
_PROGRAMMER_ERRORS = {"ValueError", "LookupError", "TypeError", "RuntimeError", "AttributeError", "KeyError"}


def extracted_messages() -> dict[str, str | tuple[str, str]]:
    """Return all marked texts by their English singular, as Babel extracts them."""
    found = [message for folder in TRANSLATED_FOLDERS for _, _, message, _, _ in extract_from_dir(PROJECT / folder)]
    for name in TRANSLATED_FILES:
        found += [message for _, message, _, _ in extract_from_file("python", PROJECT / name, DEFAULT_KEYWORDS)]
    return {message if isinstance(message, str) else message[0]: message for message in found}


def install_pseudo_language(folder: Path, monkeypatch) -> None:
    """Make a language that puts every marked text in brackets. PSEUDO_LANGUAGE selects it."""
    catalogue = Catalog("en")  # singular and plural, as in English
    for message in extracted_messages().values():
        forms = (message,) if isinstance(message, str) else message
        marked = tuple(f"{OPENING}{form}{CLOSING}" for form in forms)
        catalogue.add(message, marked[0] if isinstance(message, str) else marked)
    target = folder / PSEUDO_LANGUAGE / "LC_MESSAGES" / f"{translation.DOMAIN}.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(translation, "CATALOGUE_FOLDER", folder)
    translation._catalogue.cache_clear()


def unmarked_texts(file: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string that looks like a text for people but is not marked for translation."""
    yield from _UnmarkedTexts().find(ast.parse(file.read_text(encoding="utf-8")))


class _UnmarkedTexts:
    def find(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        if isinstance(node, ast.Call) and _name(node.func) in _MARKERS | _PROGRAMMER_ERRORS:
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
            return
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
            if _is_text(text):
                yield node.lineno, text
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_text(node.value):
            yield node.lineno, node.value
        if not isinstance(node, ast.JoinedStr):
            for child in ast.iter_child_nodes(node):
                yield from self.find(child)


def _is_text(text: str) -> bool:
    return bool(_TEXT.search(text)) and not _CODE.search(text)


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for line, unmarked in unmarked_texts(source):
                print(f"{source}:{line}: {unmarked!r}")
