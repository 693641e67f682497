"""Translation of user-facing texts with GNU gettext.

The English text is the message identifier. The language is selected per thread or task: a page selects the language of
its session; a command keeps the default. Nothing is installed into builtins.

Mark every text: `_("...")` translates at once, `N_("...")` marks a constant that is translated when it is shown. Never
pass an f-string; format the translated text. `make messages` extracts all marked texts with Babel.
"""

import gettext as _gettext
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

DEFAULT_LANGUAGE = "en"
DOMAIN = "messages"
CATALOGUE_FOLDER = Path(__file__).parent / "locale"

_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


def use_language(language: str) -> None:
    """Select the language of this thread or task.

    Args:
        language: Code of a language, such as "en" or "fr". English is used if this language has no catalogue.
    """
    _language.set(language)


def gettext(message: str, language: str | None = None) -> str:
    """Translate a text.

    Args:
        message: English text.
        language: Language to use instead of the selected language.
    """
    return _catalogue(language or _language.get()).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a text that contains a number, in the grammatical form for this number.

    Args:
        singular: English text for a count of one.
        plural: English text for any other count.
        count: The number.
    """
    return _catalogue(_language.get()).ngettext(singular, plural, count)


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext tools know it
    """Mark a text for extraction and return it unchanged."""
    return message


@lru_cache
def _catalogue(language: str) -> _gettext.NullTranslations:
    return _gettext.translation(DOMAIN, CATALOGUE_FOLDER, [language], fallback=True)
