"""Fixtures for these tests."""

from tests.support.explorer import missing_dataset, sample_dataset  # noqa: F401 (fixtures)
