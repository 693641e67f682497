"""The reading page of a picture with some evidence, and what it says of the heat map's checks."""

from dataclasses import replace

import pytest

import ui.resources
from model.explanation.reliability import RELIABILITY_KEY
from model.inference.release_loader import load_release
from tests.support.gates import OpenGate, with_heat
from ui.reading.heatmap_check import ANOTHER_MODEL_TEXT, NOT_CHECKED_TEXT, PASSED_TEXT


@pytest.fixture(name="evidence", autouse=True)
def some_evidence(monkeypatch):
    """Every picture is let in, and has some positive evidence."""
    monkeypatch.setattr(ui.resources, "Gate", OpenGate)
    with_heat(monkeypatch, 0.5)


def with_limits(monkeypatch, limits: dict | None) -> None:
    release = load_release()
    description = {name: value for name, value in release.description.items() if name != RELIABILITY_KEY}
    released = replace(release, description=description | ({RELIABILITY_KEY: limits} if limits else {}))
    monkeypatch.setattr(ui.resources, "load_release", lambda _: released)


def said(app) -> list[str]:
    """What the page says of the heat map's checks."""
    captions = [
        caption.value for caption in app.caption if caption.value in (NOT_CHECKED_TEXT, PASSED_TEXT, ANOTHER_MODEL_TEXT)
    ]
    return captions + [warning.value for warning in app.warning if "not reliable" in warning.value]
