"""Sentences for messages: every code has one, with the documented parameters."""

import inspect
import re
from string import Formatter

import pytest

from model.codes import Caution, RefusalReason
from model.messages import AnyCode, Message, MessageCode, Parameter
from model.sentences import closed_terms, render, render_codes
from model.sentences.rendering import LIMITS, ORIGINS, SENTENCES
from model.sentences.terms import TERM_NAMES

# Reasons of the admission check. The others are codes of errors, which have their own messages.
ADMISSION_REFUSALS = (
    RefusalReason.TOO_SMALL,
    RefusalReason.NOT_A_RADIOGRAPH,
    RefusalReason.NO_LUNGS,
    RefusalReason.INVERTED,
    RefusalReason.ROTATED,
    RefusalReason.CROPPED,
    RefusalReason.NO_CONTRAST,
)
EXAMPLES: dict[str, Parameter] = {  # by parameter
    "reason": "Permission denied",
    "width": 60_000,
    "height": 31,
    "file_format": "gif",
    "modality": "MR",
    "body_part": "ELBOW",
    "view": "lateral",
    "frames": 12,
    "components": 3,
    "transfer_syntax": "JPEG Extended (Process 2 and 4)",
    "bits": 32,
    "file": "model.json",
    "item": "format",
    "declared": "5",
    "expected": "6",
    "youngest": 1,
    "oldest": 5,
    "folder": "Data/chest_xray",
    "table": "boxes.csv",
    "columns": "x, width",
    "column": "test",
    "line": 7,
    "side": 256,
    "path": "runs/first",
    "label": "PNEUMONIA",
    "split": "validation",
    "validation_percent": 10,
    "count": 9,
    "minimum": 10,
    "maximum": 500,
    "size": "2.3 GB",
    "host": "Kaggle",
    "error": "ConnectError",
    "page": "https://www.kaggle.com/datasets/example",
    "status": 404,
    "counts": "test 3/4",
}
# Comments in `model.messages` list the parameters of each code.
DOCUMENTED = re.findall(r'= "(\w+)"  # ([\w, ]+)$', inspect.getsource(MessageCode), re.MULTILINE)
PARAMETERS: dict[AnyCode, list[str]] = {MessageCode(code): names.split(", ") for code, names in DOCUMENTED}
PARAMETERS[Caution.OUTSIDE_POPULATION] = ["youngest", "oldest"]
CODES = (*MessageCode, *ADMISSION_REFUSALS, *Caution)


def example(code: AnyCode) -> Message:
    """Return a message with an example of each documented parameter."""
    return Message(code, {name: EXAMPLES[name] for name in PARAMETERS.get(code, ())})


def test_every_code_has_a_sentence():
    assert set(SENTENCES) == set(CODES)


def test_no_code_has_sentences_from_two_origins():
    assert sum(len(origin.SENTENCES) for origin in ORIGINS) == len(SENTENCES)


@pytest.mark.parametrize("code", CODES)
def test_a_message_consists_of_full_sentences(code):
    text = render([example(code)])
    assert text[0].isupper() or SENTENCES[code][0].startswith("{")  # a parameter, such as a number
    assert text.endswith(".")
    assert not re.search(r"[{}]|\.\.|  ", text)


@pytest.mark.parametrize("code", CODES)
def test_a_message_has_exactly_the_documented_parameters(code):
    fields = {field for sentence in SENTENCES[code] for _, field, _, _ in Formatter().parse(sentence) if field}
    assert fields - set(LIMITS) == set(PARAMETERS.get(code, ()))


@pytest.mark.parametrize("code", PARAMETERS)
def test_a_message_names_its_parameters(code):
    text = render([example(code)])
    for name in PARAMETERS[code]:
        value = str(EXAMPLES[name])
        assert TERM_NAMES.get(name, {}).get(value, value) in text


@pytest.mark.parametrize("code", PARAMETERS)
def test_a_message_without_a_parameter_cannot_be_rendered(code):
    complete = example(code).params
    for missing in complete:
        params = {name: value for name, value in complete.items() if name != missing}
        with pytest.raises(KeyError, match=f"^'{missing}'$"):
            render([Message(code, params)])


def test_codes_without_parameters_are_rendered_like_messages():
    codes = [code for code in CODES if code not in PARAMETERS]
    assert render_codes(codes) == render(map(Message, codes))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            MessageCode.TOO_MANY_PIXELS,
            "The image has 60000 x 31 pixels. The limit is 60 megapixels. Export the X-ray at a smaller size.",
        ),
        (
            MessageCode.OTHER_FORMAT,
            "Unsupported file type: GIF image. DICOM, PNG and JPEG files are accepted. Export the X-ray as PNG or JPEG "
            "and upload that file.",
        ),
        (
            MessageCode.OTHER_MODALITY,
            "Not a radiograph: the file is labelled as magnetic resonance (MR). Only chest X-rays (modality CR, DX or "
            "RG) are accepted. If the label is wrong, export the image as PNG and upload that file.",
        ),
        (
            RefusalReason.CROPPED,
            "Part of the chest is missing. Upload the complete X-ray with both lungs from apex to base.",
        ),
        (
            Caution.OUTSIDE_POPULATION,
            "The decision threshold is for patients aged 1 to 5 years. This patient is outside this age range.",
        ),
    ],
)
def test_examples_of_messages(code, text):
    assert render([example(code)]) == text


def test_messages_are_joined_in_their_order():
    inverted, rotated = Message(RefusalReason.INVERTED), Message(RefusalReason.ROTATED)
    assert render([inverted, rotated]) == f"{render([inverted])} {render([rotated])}"
    assert render([rotated, inverted]) == f"{render([rotated])} {render([inverted])}"
    assert render([]) == ""


@pytest.mark.parametrize(
    ("param", "code"),
    [
        ("file_format", MessageCode.OTHER_FORMAT),
        ("modality", MessageCode.OTHER_MODALITY),
        ("view", MessageCode.NON_FRONTAL_VIEW),
    ],
)
def test_a_term_is_shown_by_its_name(param, code):
    for term in closed_terms(param):
        assert TERM_NAMES[param][term] in render([Message(code, {param: term})])


def test_a_term_without_a_name_is_shown_unchanged():
    assert "labelled as ZZ." in render([Message(MessageCode.OTHER_MODALITY, {"modality": "ZZ"})])


def test_braces_in_a_parameter_are_not_interpreted():
    text = render([Message(MessageCode.FILE_NOT_OPENED, {"reason": "{secret}"})])
    assert "({secret})" in text
