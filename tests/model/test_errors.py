"""Exception classes, their codes and their messages."""

import re

from model import errors
from model.codes import RefusalReason
from model.errors import FileRefused, MessageError, NotAdmitted, ProjectError, ReleaseMissing
from model.messages import Message, MessageCode
from model.sentences import render


def error_classes() -> list[type[ProjectError]]:
    return [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, ProjectError)]


def test_the_code_of_every_refused_file_is_a_refusal_reason():
    refusals = [error for error in error_classes() if issubclass(error, FileRefused)]
    assert len(refusals) == 14
    assert all(isinstance(refusal.code, RefusalReason) for refusal in refusals)


def test_the_tree_in_the_docstring_lists_every_raised_class_exactly_once():
    names = re.findall(r"^    [|` -]*([A-Z]\w+)", errors.__doc__, flags=re.MULTILINE)
    assert sorted(names) == sorted(error.__name__ for error in error_classes() if error is not MessageError)


def test_an_error_carries_its_message_as_code_and_parameters():
    error = ReleaseMissing(MessageCode.RELEASE_FILE_MISSING, file="model.json")
    assert error.messages == (Message(MessageCode.RELEASE_FILE_MISSING, {"file": "model.json"}),)
    assert str(error) == render(error.messages)


def test_a_refusal_of_the_admission_check_carries_all_reasons_and_the_code_of_the_first():
    error = NotAdmitted((RefusalReason.INVERTED, RefusalReason.ROTATED))
    assert error.code is RefusalReason.INVERTED
    assert error.messages == (Message(RefusalReason.INVERTED), Message(RefusalReason.ROTATED))
    assert str(error) == render(error.messages)
