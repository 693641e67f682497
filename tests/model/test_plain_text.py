"""Untrusted names on a terminal and in a spreadsheet."""

import pytest
from hypothesis import given

from model.plain_text import printable, spreadsheet_text
from tests.support.hostile_names import ANY_NAME, HARMFUL, ORDINARY_NAME


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\u001b[31mred"),
        ("two\nlines\tand\rmore", r"two\u000alines\u0009and\u000dmore"),
        ("\x9b2J", r"\u009b2J"),
        ("chest\u202egnp.exe", r"chest\u202egnp.exe"),
        ("r\udcf6ntgen.png", r"r\udcf6ntgen.png"),
        ("Röntgen 胸部 \u3000.png", "Röntgen 胸部 \u3000.png"),
    ],
)
def test_characters_that_a_terminal_obeys_are_escaped(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")'),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\t=1", r"\u0009=1"),
        ("a;=1", "a;'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=b-c+d@e.png", "a=b-c+d@e.png"),
    ],
)
def test_text_that_a_spreadsheet_would_compute_starts_with_an_apostrophe(text, cell):
    assert spreadsheet_text(text) == cell


@given(ANY_NAME)
def test_no_name_has_a_harmful_character_once_it_is_printable(name):
    assert HARMFUL.search(printable(name)) is None
    assert printable(printable(name)) == printable(name)


@given(ORDINARY_NAME)
def test_an_ordinary_name_is_unchanged(name):
    assert spreadsheet_text(name) == name
