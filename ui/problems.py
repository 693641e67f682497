"""Errors on screen: the sentence of our own, a reference number for anything else, never a traceback."""

import logging
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from model.errors import ReaderError

_log = logging.getLogger("chest_radiograph_reader")


@contextmanager
def shown_problems() -> Iterator[None]:
    """Run a block of a page; what goes wrong in it is said on the page, which then ends there."""
    try:
        yield
    except ReaderError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
    except Exception as error:
        st.error(
            f"Something went wrong that this program did not foresee. Nothing was read. Please try again; if it "
            f"happens again, report the reference {log_unforeseen(error)}.",
            icon=":material/error:",
        )
        st.stop()


def log_unforeseen(error: Exception) -> str:
    """Log kind and place of an error under a new reference; its message is left out, since it may name a file."""
    reference = secrets.token_hex(3).upper()
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("reference %s: %s\n%s", reference, type(error).__name__, places)
    return reference
