"""Translation: the language is selected per thread, and messages are rendered in it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from model import translation
from model.codes import Caution, RefusalReason
from model.errors import FileUnreadable, NotAdmitted, WrongModality
from model.imaging.decode import decode
from model.inference.finding_rows import refusal_row
from model.messages import MessageCode
from model.sentences import render, render_codes
from model.translation import N_, gettext, ngettext, use_language

ENGLISH_EMPTY_FILE = "The file is empty. Export or copy the X-ray again and upload the new file."
FRENCH_EMPTY_FILE = "Le fichier est vide. Exportez la radiographie une nouvelle fois."
CATALOGUE = {
    "The file is empty.": "Le fichier est vide.",
    "Export or copy the X-ray again and upload the new file.": "Exportez la radiographie une nouvelle fois.",
    "Not a radiograph: the file is labelled as {modality}.": "Pas une radiographie, mais : {modality}.",
    "ultrasound": "échographie",
    "Part of the chest is missing.": "Une partie du thorax manque.",
    ("{n} image", "{n} images"): ("{n} cliché", "{n} de clichés", "{n} clichés"),  # for 0 and 1, millions, and others
}


@pytest.fixture(autouse=True)
def french(tmp_path, monkeypatch) -> Path:
    """Install a catalogue that translates some texts into French; restore English afterwards."""
    catalogue = Catalog("fr")
    for english, translated in CATALOGUE.items():
        catalogue.add(english, translated)
    file = tmp_path / "fr" / "LC_MESSAGES" / f"{translation.DOMAIN}.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        write_mo(stream, catalogue)
    monkeypatch.setattr(translation, "CATALOGUE_FOLDER", tmp_path)
    translation._catalogue.cache_clear()
    yield file
    use_language("en")
    translation._catalogue.cache_clear()


def empty_file_error() -> FileUnreadable:
    with pytest.raises(FileUnreadable) as raised:
        decode(b"")
    return raised.value


def test_texts_are_english_by_default():
    assert gettext("The file is empty.") == "The file is empty."
    assert str(empty_file_error()) == ENGLISH_EMPTY_FILE


def test_an_error_is_rendered_in_the_selected_language():
    use_language("fr")
    assert str(empty_file_error()) == FRENCH_EMPTY_FILE


def test_an_error_is_rendered_in_the_language_that_is_selected_when_it_is_shown():
    error = empty_file_error()
    use_language("fr")
    assert str(error) == FRENCH_EMPTY_FILE
    use_language("en")
    assert str(error) == ENGLISH_EMPTY_FILE


def test_threads_have_their_own_languages():
    both_selected = threading.Barrier(2)

    def message(language: str | None) -> str:
        if language:
            use_language(language)
        both_selected.wait(timeout=20)
        return str(empty_file_error())

    with ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(message, ["fr", None]))
    assert texts == [FRENCH_EMPTY_FILE, ENGLISH_EMPTY_FILE]
    assert str(empty_file_error()) == ENGLISH_EMPTY_FILE


def test_a_new_thread_does_not_inherit_the_language():
    use_language("fr")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: str(empty_file_error())).result() == ENGLISH_EMPTY_FILE


def test_terms_in_a_message_are_translated():
    use_language("fr")
    error = WrongModality(MessageCode.OTHER_MODALITY, modality="US")
    assert str(error).startswith("Pas une radiographie, mais : échographie. ")


def test_refusals_of_the_admission_check_are_translated():
    use_language("fr")
    assert str(NotAdmitted([RefusalReason.CROPPED])).startswith("Une partie du thorax manque. ")


def test_a_text_that_is_not_in_the_catalogue_stays_english():
    use_language("fr")
    assert gettext("Low image quality.") == "Low image quality."
    assert render_codes([Caution.CORRECTED]) == render_codes([Caution.CORRECTED], "en")


def test_a_language_without_a_catalogue_is_english():
    use_language("zz")
    assert str(empty_file_error()) == ENGLISH_EMPTY_FILE


def test_a_language_can_be_given_instead_of_the_selected_one():
    messages = empty_file_error().messages
    assert render(messages, "fr") == FRENCH_EMPTY_FILE
    assert gettext("ultrasound", "fr") == "échographie"
    use_language("fr")
    assert render(messages, "en") == ENGLISH_EMPTY_FILE


def test_rows_are_always_english():
    use_language("fr")
    row = refusal_row("empty.png", empty_file_error(), "1.0")
    assert (row["reason_code"], row["reason"]) == ("unreadable", ENGLISH_EMPTY_FILE)
    assert refusal_row("a.png", NotAdmitted([RefusalReason.CROPPED]), "1.0")["reason"].startswith("Part of the chest")


@pytest.mark.parametrize(
    ("language", "count", "text"),
    [("en", 1, "1 image"), ("en", 0, "0 images"), ("fr", 2, "2 clichés"), ("fr", 1, "1 cliché"), ("fr", 0, "0 cliché")],
)
def test_the_plural_form_depends_on_the_language(language, count, text):
    use_language(language)
    assert ngettext("{n} image", "{n} images", count).format(n=count) == text


def test_a_marked_constant_is_not_translated_until_it_is_shown():
    use_language("fr")
    assert N_("ultrasound") == "ultrasound"
    assert gettext(N_("ultrasound")) == "échographie"
