"""Fixtures for these tests."""

from tests.support.explorer import missing_dataset, sample_dataset  # noqa: F401 (fixtures)
from tests.support.pages import clear_streamlit_caches, stub_heat_map_check  # noqa: F401 (fixtures)
