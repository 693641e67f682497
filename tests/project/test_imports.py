"""Imports run one way: read from the sources, late imports within functions included."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import ROOT

HOUSE = ("app", "pages", "ui", "model", "dataset", "training", "benchmarks", "tests")
MAY_IMPORT = {
    "app": {"ui", "model", "dataset"},
    "pages": {"ui", "model", "dataset"},
    "ui": {"ui", "model", "dataset"},
    "model": {"model"},
    "dataset": {"dataset", "model"},
    "training": {"training", "model", "dataset"},
}
ON_SCREEN = {"app", "pages", "ui"}
HEAVY = {"tensorflow", "keras", "tf_keras_vis", "jax", "torch"}


def sources() -> list[Path]:
    """Every Python file of the program."""
    return [
        ROOT / "app.py",
        *sorted(path for part in set(MAY_IMPORT) - {"app"} for path in ROOT.glob(f"{part}/**/*.py")),
    ]


def part_of(path: Path) -> str:
    """The part of the house that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(text: str, package: str) -> Iterator[str]:
    """The first name of each import in a source, wherever it stands; relative ones are of the package itself."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield package if node.level else node.module.split(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "__import__",
            "import_module",
            "importlib.import_module",
        ):
            yield from (word.value.split(".")[0] for word in node.args[:1] if isinstance(word, ast.Constant))


def breaches(path: Path, text: str) -> list[str]:
    """What the source imports and may not."""
    part = part_of(path)
    names = set(imported(text, part))
    forbidden = (names & set(HOUSE)) - MAY_IMPORT[part]
    if part not in ON_SCREEN:
        forbidden |= names & {"streamlit"}
    if part != "training":
        forbidden |= names & HEAVY
    return sorted(forbidden)


def test_the_whole_program_is_looked_at():
    assert {part_of(path) for path in sources()} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    assert breaches(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("model/a.py", "import ui.viewer.component", ["ui"]),
        ("model/a.py", "from dataset.index import load_index", ["dataset"]),
        ("model/a.py", "def late():\n    import tensorflow as tf", ["tensorflow"]),
        ("model/a.py", "import streamlit as st", ["streamlit"]),
        ("dataset/a.py", "from training import cli\nimport keras.ops", ["keras", "training"]),
        ("training/a.py", "from ui.frame import frame\nimport streamlit, keras", ["streamlit", "ui"]),
        ("ui/a.py", "import importlib\nimportlib.import_module('keras.models')", ["keras"]),
        ("ui/a.py", "import app", ["app"]),
        ("app.py", "from pages import About", ["pages"]),
        ("pages/a.py", "from training.release.statements import LIMITS", ["training"]),
        ("model/a.py", "from . import errors\nfrom model.inference.finding_rows import Row\nimport numpy", []),
    ],
)
def test_a_breach_is_found(path, text, found):
    assert breaches(ROOT / path, text) == found
