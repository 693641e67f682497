"""Errors on screen: the sentence of our own, a reference number for anything else, never a traceback."""

import logging
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from model.errors import ProjectError

_log = logging.getLogger("chest_radiograph_reader")


@contextmanager
def show_errors(aside: bool = False) -> Iterator[None]:
    """Run a block of a page; what goes wrong in it is said on the page, which then ends there.

    aside: the block is no part of the reading, so the page goes on.
    """
    try:
        yield
    except ProjectError as error:
        _show(str(error), aside)
    except Exception as error:
        _show(
            f"Something went wrong that this program did not foresee.{'' if aside else ' Nothing was read.'} Please "
            f"try again; if it happens again, report the reference {log_unexpected(error)}.",
            aside,
        )


def _show(problem: str, aside: bool) -> None:
    st.error(problem, icon=":material/error:")
    if not aside:
        st.stop()


def log_unexpected(error: Exception) -> str:
    """Log kind and place of an error under a new reference; its message is left out, since it may name a file."""
    reference = secrets.token_hex(3).upper()
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("reference %s: %s\n%s", reference, type(error).__name__, places)
    return reference
