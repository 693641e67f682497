"""Language of a browser session."""

import streamlit as st

from model.translation import DEFAULT_LANGUAGE

LANGUAGE_KEY = "language"


def session_language() -> str:
    """Return the language code of this session, such as "en"."""
    language: str = st.session_state.get(LANGUAGE_KEY, DEFAULT_LANGUAGE)
    return language
