"""Fixtures of these tests."""

from tests.support.pages import clear_streamlit_caches  # noqa: F401 (a fixture)
