"""Names of codes in tables and on pages."""

import pytest

from model.codes import LABELS, SPLITS
from model.inference.decision import Verdict
from model.performance.terms import outcome_name, term, verdict_name


@pytest.mark.parametrize("code", [*LABELS, *SPLITS, "bacterial", "viral", "a code of a later release"])
def test_english_name_of_a_readable_code_is_the_code_itself(code):
    assert term(code) == code  # filters write it to the URL


def test_negative_verdict_is_not_called_normal():
    assert verdict_name(Verdict.NORMAL) == "no signs of pneumonia"


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_name(verdict):
    assert verdict_name(verdict)


def test_each_cell_of_the_confusion_matrix_has_its_own_name():
    assert len({outcome_name(cell) for cell in ("tp", "fn", "fp", "tn")}) == 4
