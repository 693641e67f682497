"""Each claim in SECURITY.md names tests, and the tests exist."""

import ast
import re
from functools import cache

import pytest

from tests.support.browser import ROOT

_REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_PROTECTED = (ROOT / "SECURITY.md").read_text().split("\n## What is not protected")[0]
_ROWS = [line for line in _PROTECTED.splitlines() if line.startswith("| ")]
CLAIMS = [line for line, below in zip(_ROWS, [*_ROWS[1:], ""], strict=True) if "---" not in line + below]


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_the_document_has_claims():
    assert len(CLAIMS) > 40


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.split(" | ")[0].strip("| ")[:60])
def test_each_claim_names_tests_that_exist(claim):
    *_, last_column = claim.strip("| ").split(" | ")
    references = _REFERENCE.findall(last_column)
    assert references
    assert _REFERENCE.sub("", last_column).strip(", ") == ""
    for path, name in references:
        assert name in functions_of(path), f"{path}::{name}"
