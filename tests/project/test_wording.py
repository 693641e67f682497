"""No text contains a word that CONTRIBUTING.md asks to avoid."""

import pytest

from tests.support.wording import AVOIDED_WORDS, PROJECT, find_avoided_words, text_files

AREAS = sorted({file.relative_to(PROJECT).parts[0] for file in text_files()})


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
def test_texts_avoid_words_that_read_like_a_translation(area):
    found = [str(finding) for file in text_files([area]) for finding in find_avoided_words(file)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The picture is small.", "picture"),
        ("Films of adults", "Films"),
        ("The reader says no.", "The reader"),
        ("Where there is none, stop.", "Where"),
        ("as the file tells", "tells"),
        ("about 3 % of all", "3 %"),
    ],
)
def test_an_avoided_word_is_found_in_strings_comments_and_documents(text, word, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.support.wording.PROJECT", tmp_path)
    for name, content in {"a.md": text, "b.py": f'x = "{text}"\n', "c.py": f"# {text}\n"}.items():
        file = tmp_path / name
        file.write_text(content)
        assert word in [finding.word for finding in find_avoided_words(file)]


def test_code_that_is_not_text_is_not_searched(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.support.wording.PROJECT", tmp_path)
    file = tmp_path / "a.py"
    file.write_text("film = 7 % 2\n")
    assert list(find_avoided_words(file)) == []


def test_every_avoided_word_has_an_alternative():
    assert all(AVOIDED_WORDS.values())
