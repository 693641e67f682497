"""The exception classes and their codes."""

import re

from model import errors
from model.codes import RefusalReason
from model.errors import FileRefused, ProjectError


def error_classes() -> list[type[ProjectError]]:
    return [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, ProjectError)]


def test_the_code_of_every_refused_file_is_a_refusal_reason():
    refusals = [error for error in error_classes() if issubclass(error, FileRefused)]
    assert len(refusals) == 14
    assert all(isinstance(refusal.code, RefusalReason) for refusal in refusals)


def test_the_tree_in_the_docstring_lists_every_class_once():
    names = re.findall(r"^    [|` -]*([A-Z]\w+)", errors.__doc__, flags=re.MULTILINE)
    assert sorted(names) == sorted(error.__name__ for error in error_classes())
