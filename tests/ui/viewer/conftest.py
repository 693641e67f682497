"""Fixtures for these tests."""

from tests.support.viewer import viewer_address, viewer_server, viewer_tab, viewer_window  # noqa: F401 (fixtures)
