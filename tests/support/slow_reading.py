"""The app, served with readings that end only once a file exists, for tests of what the user can do meanwhile.

Only `streamlit run` may import this module, because it changes how the whole process reads.
"""

import os
from pathlib import Path

import streamlit as st

import ui.reading.actions
from serve import lifespan
from tests.support.browser import READING_MAY_END, ROOT
from tests.support.waiting import wait_until

_decode = ui.reading.actions.decode


def _decode_slowly(*arguments):
    wait_until(Path(os.environ[READING_MAY_END]).exists, "the test lets the reading end", 300)
    return _decode(*arguments)


ui.reading.actions.decode = _decode_slowly
app = st.App(ROOT / "app.py", lifespan=lifespan)
