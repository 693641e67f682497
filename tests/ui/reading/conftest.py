"""Fixtures for these tests."""

import pytest

import ui.resources
from tests.support.gates import OpenGate, with_heat


@pytest.fixture
def positive_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Admit every image, with some positive evidence in its heat map."""
    monkeypatch.setattr(ui.resources, "AdmissionGate", OpenGate)
    with_heat(monkeypatch, 0.5)
