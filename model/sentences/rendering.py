"""Render messages as text in any language."""

from collections.abc import Iterable

from model.limits import MAX_BYTES, MAX_PIXELS, MIN_ADMISSIBLE_SIDE, MIN_DECODABLE_SIDE
from model.messages import AnyCode, Message, Parameter
from model.sentences import (
    admission,
    cautions,
    dataset,
    dicom_files,
    download,
    image_files,
    processes,
    release,
)
from model.sentences.terms import TERM_NAMES
from model.translation import gettext

ORIGINS = (image_files, dicom_files, release, processes, dataset, download, admission, cautions)
SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    code: sentences for origin in ORIGINS for code, sentences in origin.SENTENCES.items()
}
LIMITS: dict[str, Parameter] = {
    "max_megabytes": MAX_BYTES // 2**20,
    "max_megapixels": MAX_PIXELS // 10**6,
    "min_decodable_side": MIN_DECODABLE_SIDE,
    "min_admissible_side": MIN_ADMISSIBLE_SIDE,
}


def render(messages: Iterable[Message], language: str | None = None) -> str:
    """Return the sentences of messages as one text.

    Args:
        messages: Messages in the order of the text.
        language: Language to use instead of the selected one (see `model.translation.use_language`).

    Returns:
        The text; "" if there are no messages.

    Raises:
        KeyError: A code has no sentence, or a parameter of the sentence is missing.
    """
    return " ".join(
        _render_sentence(message, sentence, language) for message in messages for sentence in SENTENCES[message.code]
    )


def render_codes(codes: Iterable[AnyCode], language: str | None = None) -> str:
    """Return the sentences of codes that have no parameters as one text (see `render`)."""
    return render(map(Message, codes), language)


def _render_sentence(message: Message, sentence: str, language: str | None) -> str:
    params = {name: _term_name(name, value, language) for name, value in message.params.items()}
    return gettext(sentence, language).format(**LIMITS, **params)


def _term_name(param: str, value: Parameter, language: str | None) -> Parameter:
    name = TERM_NAMES.get(param, {}).get(str(value))
    return gettext(name, language) if name else value
