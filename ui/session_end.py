"""Message in the browser if the session of a page has ended on the server.

A session ends two minutes after its connection was lost, or when the server restarts. Streamlit 1.67 then gives the
browser a new session as soon as it reconnects, but leaves the old page as it is: a finding that the server no longer
has, and buttons that do nothing.

Two features of Streamlit correct this. The browser requests a run of the page when it reconnects if the page contains a
fragment with `run_every`. Each run sends an identifier of the session to a component, which remembers it in the browser
and shows the message if it has changed.
"""

from datetime import timedelta
from pathlib import Path

import streamlit as st

from model.translation import N_
from model.translation import gettext as _
from ui.session import is_session_used, session_identifier

SESSION_ENDED_TEXT = N_(
    "The session has ended after a lost connection or a restart of the program, and its results have been deleted. "
    "Choose the file again to read it."
)
_STYLE = """
[role=alert] {
  padding: 1rem; border-radius: var(--st-base-radius); color: var(--st-text-color); font: 400 1rem/1.5 var(--st-font);
  background: var(--st-yellow-background-color);
}
[role=alert][hidden] { display: none; }
"""
# Registered at import, and so once per process, because Streamlit warns if a name is registered twice.
_component = st.components.v2.component(
    "session_end",
    html='<div role="alert" hidden></div>',
    css=_STYLE,
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)


def show_session_end() -> None:
    """Draw the message if the browser has shown an earlier session, until a file is chosen in the new one."""
    text = "" if is_session_used() else _(SESSION_ENDED_TEXT)
    _component(key="session_end", data={"session": session_identifier(), "text": text})
    _run_after_reconnection()


@st.fragment(run_every=timedelta(days=1))  # the interval does not matter, only that there is one
def _run_after_reconnection() -> None:
    pass
