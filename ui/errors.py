"""Errors on screen: the message for an expected error, a reference number for any other error, never a traceback."""

import logging
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from model.errors import ProjectError
from model.translation import N_
from model.translation import gettext as _

UNEXPECTED_ERROR = N_("An unexpected error occurred. Try again. If it happens again, report reference {reference}.")

_log = logging.getLogger("chest_radiograph_reader")


@contextmanager
def show_errors(optional: bool = False) -> Iterator[None]:
    """Run a block of a page. If it raises an exception, show the error and end the page.

    Args:
        optional: Whether the page continues after an error, because the block is not part of the reading.
    """
    try:
        yield
    except ProjectError as error:
        _show(str(error), optional)
    except Exception as error:
        _show(_(UNEXPECTED_ERROR).format(reference=log_unexpected(error)), optional)


def _show(message: str, optional: bool) -> None:
    st.error(message, icon=":material/error:")
    if not optional:
        st.stop()


def log_unexpected(error: Exception) -> str:
    """Log the type and traceback of an error, and return its reference number.

    The message of the error is not logged, because it may contain a file name.
    """
    reference = secrets.token_hex(3).upper()
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("reference %s: %s\n%s", reference, type(error).__name__, frames)
    return reference
