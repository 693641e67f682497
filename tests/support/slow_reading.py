"""The app, served with readings that end only once a file exists, for tests of what the user can do meanwhile."""

import os
from pathlib import Path

import streamlit as st

import ui.reading.actions
from serve import lifespan
from tests.support.browser import ROOT
from tests.support.waiting import wait_until

MAY_END = "READING_MAY_END"  # environment variable with the path of the file

_decode = ui.reading.actions.decode


def _decode_slowly(*arguments):
    wait_until(Path(os.environ[MAY_END]).exists, "the test lets the reading end", 300)
    return _decode(*arguments)


ui.reading.actions.decode = _decode_slowly
app = st.App(ROOT / "app.py", lifespan=lifespan)
