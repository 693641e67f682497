"""Other explanations beside the heat map, as the reading page shows them."""

import re
from collections.abc import Callable, Iterator
from html import escape
from types import SimpleNamespace

import numpy as np
import pytest

import ui.reading.heatmap_check
from model.errors import ExplanationFailed
from model.explanation.gradient_maps import METHODS, STARTING_TEXT, WAITING_TEXT
from model.inference.release_loader import load_release
from tests.support.dicom_files import radiograph
from tests.support.heatmap_checks import said, some_evidence, with_limits  # noqa: F401 (a fixture)
from tests.support.pages import no_cache_of_another_test, opened, upload, with_open  # noqa: F401 (a fixture)
from ui.reading.compare_methods import METHOD_TEXTS
from ui.reading.heatmap_check import NOT_CHECKED_TEXT


@pytest.fixture
def computed(monkeypatch) -> list[str]:
    """The methods that were computed, each of a map with one strong cell."""
    names = []
    with_limits(monkeypatch, None)

    def strong(name: str, shape: tuple[int, int]) -> np.ndarray:
        names.append(name)
        values = np.zeros(shape, np.float32)
        values[0, -1] = 1e3
        return values

    monkeypatch.setattr(ui.reading.heatmap_check, "occlusion_map", lambda _, __, shape: strong("occlusion", shape))
    monkeypatch.setattr(
        ui.reading.heatmap_check, "gradient_maps", lambda *_: ((method, strong(method, (4, 4))) for method in METHODS)
    )
    return names


def compute(app):
    with_open(app, "compared")
    return next(button for button in app.button if button.label == "Compute them").click().run()


def figures(app) -> list[tuple[str, str]]:
    """Name and alternative text of each picture of the panel."""
    bodies = [html.proto.body for html in app.get("html") if 'class="explanations"' in html.proto.body]
    return [pair[::-1] for body in bodies for pair in re.findall(r'alt="([^"]*)".*?<b>([^<]*)</b>', body)]


def test_nothing_is_computed_unless_asked_for(computed):
    app = upload(opened())
    assert "Compute them" not in [button.label for button in app.button]  # in a box that is not open
    with_open(app, "compared")
    assert "Compute them" in [button.label for button in app.button]
    assert figures(app) == []
    assert computed == []


@pytest.mark.usefixtures("computed")
def test_all_methods_stand_beside_the_heat_map_each_with_its_sentence_and_one_legend():
    app = compute(upload(opened()))

    assert not app.exception
    assert [name for name, _ in figures(app)] == list(METHOD_TEXTS)
    alts = dict(figures(app))
    assert alts["Occlusion"] == (
        "Occlusion: strongest in the upper third of what is seen, at the right of the picture."
    )
    (body,) = [html.proto.body for html in app.get("html") if 'class="explanations"' in html.proto.body]
    assert all(escape(sentence) in body for sentence in METHOD_TEXTS.values())
    assert body.count("explanations-scale") - body.count(".explanations-scale") == 1
    assert f"{load_release().map_scale / 36:.2f} or more added to the evidence (log odds)" in body


def test_they_are_computed_once_for_a_picture_and_go_with_it(computed):
    app = compute(upload(opened())).run()
    app.number_input[-1].set_value(3).run()
    assert computed == ["occlusion", *METHODS]
    assert "Compute them" not in [button.label for button in app.button]

    upload(app, "next.png")
    assert figures(app) == []
    compute(app)
    assert len(computed) == 2 * (1 + len(METHODS))


def test_another_window_of_the_same_file_has_explanations_of_its_own(computed):
    windows = {"WindowCenter": ["128", "160"], "WindowWidth": ["256", "180"]}
    app = compute(upload(opened(), "IM0001", radiograph(**windows)))
    assert figures(app)
    app.selectbox[0].select_index(1).run()
    assert not app.exception
    assert figures(app) == []
    compute(app)
    assert len(computed) == 2 * (1 + len(METHODS))


@pytest.mark.usefixtures("computed")
def test_what_goes_wrong_in_the_panel_leaves_the_reading_and_its_check_alone(monkeypatch):
    def broken(*_):
        raise MemoryError

    monkeypatch.setattr(ui.reading.heatmap_check, "occlusion_map", broken)
    app = compute(upload(opened()))
    (error,) = app.error
    assert error.value.startswith("Something went wrong that this program did not foresee. Please try again;")
    assert app.metric
    assert said(app) == [NOT_CHECKED_TEXT]
    assert len(app.dataframe[0].value) == 1


@pytest.mark.usefixtures("computed")
def test_where_the_process_fails_the_page_says_so_and_keeps_what_has_come(monkeypatch):
    def fail(*_):
        yield METHODS[0], np.ones((4, 4), np.float32)
        raise ExplanationFailed("They could not be computed.")

    monkeypatch.setattr(ui.reading.heatmap_check, "gradient_maps", fail)
    app = compute(upload(opened()))

    assert [error.value for error in app.error] == ["They could not be computed."]
    assert said(app) == [NOT_CHECKED_TEXT]  # the rest of the page is there
    assert [name for name, _ in figures(app)] == ["Heat map", METHODS[0], "Occlusion"]
    assert "Compute them" in [button.label for button in app.button]


@pytest.mark.usefixtures("computed")
def test_whoever_waits_for_anothers_comparison_is_told_so_by_the_bar(monkeypatch):
    shown = []
    real = ui.reading.heatmap_check.st.progress

    def progress(*first: object) -> SimpleNamespace:
        bar = real(*first)
        return SimpleNamespace(progress=lambda share, words: shown.append(words) or bar.progress(share, words))

    def maps(_: object, __: object, say: Callable[[str], object]) -> Iterator[tuple[str, np.ndarray]]:
        for words in (WAITING_TEXT, WAITING_TEXT, STARTING_TEXT):
            say(words)
        yield from ((method, np.ones((4, 4), np.float32)) for method in METHODS)

    monkeypatch.setattr(ui.reading.heatmap_check.st, "progress", progress)
    monkeypatch.setattr(ui.reading.heatmap_check, "gradient_maps", maps)
    assert not compute(upload(opened())).exception
    assert shown[:3] == [WAITING_TEXT, WAITING_TEXT, STARTING_TEXT]
