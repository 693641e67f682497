"""Every text on a screen is marked for translation, and Babel extracts it."""

import pytest

from model.sentences.rendering import SENTENCES
from tests.support.translated import PROJECT, extracted_messages, unmarked_texts

SCREEN_FILES = [
    PROJECT / "app.py",
    *sorted(PROJECT.glob("pages/*.py")),
    *sorted(PROJECT.glob("ui/**/*.py")),
    *sorted(PROJECT.glob("model/performance/*.py")),
]


@pytest.mark.parametrize("file", SCREEN_FILES, ids=lambda file: str(file.relative_to(PROJECT)))
def test_every_text_on_a_screen_is_marked_for_translation(file):
    assert list(unmarked_texts(file)) == []


@pytest.mark.parametrize(
    ("source", "unmarked"),
    [
        ('st.info("No image yet.")', ["No image yet."]),
        ('st.info(f"{n} images found.")', [" images found."]),
        ('st.info(_("No image yet."))', []),
        ('st.info(ngettext("One image found.", "{n} images found.", n))', []),
        ('"""No image yet."""', []),
        ('raise ValueError("no image expected")', []),
        ('STYLE = "<style>.a { margin: 0 }</style>"', []),
        ("POLICY = \"'self' data: blob:\"", []),
    ],
)
def test_a_text_without_a_mark_is_found(source, unmarked, tmp_path):
    file = tmp_path / "page.py"
    file.write_text(source)
    assert [text for _, text in unmarked_texts(file)] == unmarked


@pytest.mark.slow
def test_babel_extracts_every_sentence_of_errors_refusals_and_cautions():
    sentences = {sentence for parts in SENTENCES.values() for sentence in parts}
    assert sentences <= set(extracted_messages())


@pytest.mark.slow
def test_no_marked_text_begins_or_ends_with_a_space():
    assert [text for text in extracted_messages() if text != text.strip()] == []
