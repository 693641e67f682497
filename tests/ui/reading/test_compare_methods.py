"""Comparison of explanation methods on the reading page."""

import re
from collections.abc import Callable, Iterator
from html import escape
from types import SimpleNamespace

import numpy as np
import pytest

import ui.reading.compare_methods
from model.errors import ExplanationFailed
from model.explanation.gradient_maps import METHODS, STARTING_TEXT, WAITING_TEXT
from model.inference.release_loader import load_release
from model.messages import Message, MessageCode
from model.sentences import render
from tests.support.dicom_files import dicom_file
from tests.support.heatmap_checks import check_texts, use_limits
from tests.support.pages import age_input, by_label, open_expander, open_page, session_table, upload, window_select
from ui.errors import UNEXPECTED_ERROR
from ui.reading.compare_methods import AREAS, COMPUTE_BUTTON, METHOD_TEXTS, NOT_INSTALLED_TEXT
from ui.reading.heatmap_check import NOT_CHECKED_TEXT

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("positive_evidence")]


@pytest.fixture
def computed(monkeypatch) -> list[str]:
    """Replace every map with one that has a single strong cell, and return the names of the maps that are computed."""
    names = []
    use_limits(monkeypatch, None)

    def one_strong_cell(name: str, shape: tuple[int, int]) -> np.ndarray:
        names.append(name)
        values = np.zeros(shape, np.float32)
        values[0, -1] = 1e3
        return values

    monkeypatch.setattr(
        ui.reading.compare_methods, "occlusion_map", lambda _, __, shape: one_strong_cell("occlusion", shape)
    )
    monkeypatch.setattr(
        ui.reading.compare_methods,
        "gradient_maps",
        lambda *_: ((method, one_strong_cell(method, (4, 4))) for method in METHODS),
    )
    return names


def compute(app):
    open_expander(app, "compared")
    return by_label(app.button, COMPUTE_BUTTON).click().run()


def figures(app) -> list[tuple[str, str]]:
    """Return method and text alternative of each image of the panel."""
    panels = [html.proto.body for html in app.get("html") if 'class="explanations"' in html.proto.body]
    return [pair[::-1] for panel in panels for pair in re.findall(r'alt="([^"]*)".*?<b>([^<]*)</b>', panel)]


def test_nothing_is_computed_before_the_button_is_pressed(computed):
    app = upload(open_page())
    assert COMPUTE_BUTTON not in [button.label for button in app.button]  # the expander is closed
    open_expander(app, "compared")
    assert COMPUTE_BUTTON in [button.label for button in app.button]
    assert figures(app) == []
    assert computed == []


def test_without_tensorflow_the_panel_states_how_to_install_it(computed, monkeypatch):
    monkeypatch.setattr(ui.reading.compare_methods, "gradients_available", lambda: False)
    app = open_expander(upload(open_page()), "compared")
    assert [info.value for info in app.info] == [NOT_INSTALLED_TEXT]
    assert COMPUTE_BUTTON not in [button.label for button in app.button]
    assert computed == []


@pytest.mark.usefixtures("computed")
def test_all_methods_are_shown_with_a_sentence_each_and_one_legend():
    app = compute(upload(open_page()))

    assert not app.exception
    assert [name for name, _ in figures(app)] == list(METHOD_TEXTS)
    alts = dict(figures(app))
    assert alts["Occlusion"] == f"Occlusion: strongest {AREAS[0][2]}."
    (panel,) = [html.proto.body for html in app.get("html") if 'class="explanations"' in html.proto.body]
    assert all(escape(sentence) in panel for sentence in METHOD_TEXTS.values())
    assert panel.count("explanations-scale") - panel.count(".explanations-scale") == 1
    assert "<span>Evidence of pneumonia</span><span>0 (none)</span>" in panel
    assert f"1 is {load_release().map_scale / 36:.2f} or more log odds per 1/36 of the area." in [
        caption.value.partition(": ")[2].partition(" Only")[0] for caption in app.caption
    ]


def test_maps_are_computed_once_per_image_and_dropped_with_it(computed):
    app = compute(upload(open_page())).run()
    age_input(app).set_value(3).run()
    assert computed == ["occlusion", *METHODS]
    assert COMPUTE_BUTTON not in [button.label for button in app.button]

    upload(app, "next.png")
    assert figures(app) == []
    compute(app)
    assert len(computed) == 2 * (1 + len(METHODS))


def test_another_window_of_the_same_file_has_its_own_maps(computed):
    windows = {"WindowCenter": ["128", "160"], "WindowWidth": ["256", "180"]}
    app = compute(upload(open_page(), "IM0001", dicom_file(**windows)))
    assert figures(app)
    window_select(app).select_index(1).run()
    assert not app.exception
    assert figures(app) == []
    compute(app)
    assert len(computed) == 2 * (1 + len(METHODS))


@pytest.mark.usefixtures("computed")
def test_an_error_in_the_panel_does_not_affect_the_finding_and_its_check(monkeypatch):
    def raise_memory_error(*_):
        raise MemoryError

    monkeypatch.setattr(ui.reading.compare_methods, "occlusion_map", raise_memory_error)
    app = compute(upload(open_page()))
    (error,) = app.error
    assert error.value.startswith(UNEXPECTED_ERROR.split("{")[0])
    assert app.metric
    assert check_texts(app) == [NOT_CHECKED_TEXT]
    assert len(session_table(app)) == 1


@pytest.mark.usefixtures("computed")
def test_if_the_gradient_process_fails_the_page_shows_it_and_keeps_earlier_maps(monkeypatch):
    def fail_after_first(*_):
        yield METHODS[0], np.ones((4, 4), np.float32)
        raise ExplanationFailed(MessageCode.EXPLANATION_FAILED)

    monkeypatch.setattr(ui.reading.compare_methods, "gradient_maps", fail_after_first)
    app = compute(upload(open_page()))

    assert [error.value for error in app.error] == [render([Message(MessageCode.EXPLANATION_FAILED)])]
    assert check_texts(app) == [NOT_CHECKED_TEXT]  # the rest of the page is there
    assert [name for name, _ in figures(app)] == ["Heat map", METHODS[0], "Occlusion"]
    assert COMPUTE_BUTTON in [button.label for button in app.button]


@pytest.mark.usefixtures("computed")
def test_the_progress_bar_shows_waiting_for_another_session(monkeypatch):
    bar_texts = []
    real_progress = ui.reading.compare_methods.st.progress

    def progress(*args: object) -> SimpleNamespace:
        bar = real_progress(*args)
        return SimpleNamespace(progress=lambda share, text: bar_texts.append(text) or bar.progress(share, text))

    def maps(_: object, __: object, report_status: Callable[[str], object]) -> Iterator[tuple[str, np.ndarray]]:
        for text in (WAITING_TEXT, WAITING_TEXT, STARTING_TEXT):
            report_status(text)
        yield from ((method, np.ones((4, 4), np.float32)) for method in METHODS)

    monkeypatch.setattr(ui.reading.compare_methods.st, "progress", progress)
    monkeypatch.setattr(ui.reading.compare_methods, "gradient_maps", maps)
    assert not compute(upload(open_page())).exception
    assert bar_texts[:3] == [WAITING_TEXT, WAITING_TEXT, STARTING_TEXT]
