"""The reliability check for heat maps on the reading page."""

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import ui.resources
from model.inference.release_loader import load_release
from ui.reading.heatmap_check import (
    ANOTHER_MODEL_TEXT,
    NOT_CHECKED_TEXT,
    PASSED_TEXT,
    UNRELIABLE_FAINT_TEXT,
    UNRELIABLE_TEXT,
)


def use_limits(monkeypatch: pytest.MonkeyPatch, limits: dict[str, Any] | None) -> None:
    """Use a release with these reliability limits, or with none."""
    release = load_release()
    description = {name: value for name, value in release.description.items() if name != "heat_map_reliability"}
    changed = replace(release, description=description | ({"heat_map_reliability": limits} if limits else {}))
    monkeypatch.setattr(ui.resources, "load_release", lambda _: changed)


def check_texts(app: AppTest) -> list[str]:
    """Return the texts on the page about the heat-map check."""
    captions = [
        caption.value for caption in app.caption if caption.value in (NOT_CHECKED_TEXT, PASSED_TEXT, ANOTHER_MODEL_TEXT)
    ]
    unreliable = tuple(text.split("{")[0] for text in (UNRELIABLE_TEXT, UNRELIABLE_FAINT_TEXT))
    return captions + [warning.value for warning in app.warning if warning.value.startswith(unreliable)]
