"""Assertions about the messages of errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from model.errors import MessageError
from model.messages import Message, MessageCode, Parameter


@contextmanager
def raises_message(error_type: type[MessageError], code: MessageCode, **params: Parameter) -> Iterator[None]:
    """Fail unless the block raises an error of exactly this class with exactly this message."""
    with pytest.raises(error_type) as raised:
        yield
    assert type(raised.value) is error_type
    assert raised.value.messages == (Message(code, params),)
