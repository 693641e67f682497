"""Whether a heat map can be believed, as the reading page says it."""

import io
from dataclasses import replace

import pytest
from PIL import Image

import ui.reading.heatmap_check
import ui.resources
import ui.viewer.component
from model.codes import Caution
from model.explanation.heatmap import overlay_png
from model.explanation.reliability import WARNING_TEXTS
from model.inference.finding_rows import to_csv
from model.inference.release_loader import load_release
from tests.support.gates import ShutGate, with_heat
from tests.support.heatmap_checks import said, some_evidence, with_limits  # noqa: F401 (a fixture)
from tests.support.pages import no_cache_of_another_test, opened, upload, with_open  # noqa: F401 (a fixture)
from ui.reading.heatmap_check import ANOTHER_MODEL_TEXT, CHECKING_TEXT, NOT_CHECKED_TEXT, PASSED_TEXT
from ui.session import HeatMapCheck

LIMITS = dict.fromkeys(WARNING_TEXTS, 0.1) | {"chosen": "By the test."}
DOUBTS = (WARNING_TEXTS["inside_lungs"], WARNING_TEXTS["agreement"])
WARNING = (
    "**The explanation for this picture is not reliable:** little of the evidence lies within the lungs; covering "
    "parts of the picture (occlusion) shows the evidence elsewhere. Do not go by the coloured areas."
)


def with_doubts(monkeypatch, found: tuple[str, ...]) -> list:
    """Every heat map has these doubts; returns what was checked."""
    checked = []
    monkeypatch.setattr(ui.reading.heatmap_check, "reliability_warnings", lambda _, seen: checked.append(seen) or found)
    with_limits(monkeypatch, LIMITS)
    return checked


def test_a_release_without_limits_says_that_nothing_was_checked(monkeypatch):
    with_limits(monkeypatch, None)
    app = upload(opened())
    assert not app.exception
    assert said(app) == [NOT_CHECKED_TEXT]
    assert list(app.dataframe[0].value["cautions"]) == ["heat map not checked"]


def test_a_heat_map_that_passes_is_said_to(monkeypatch):
    checked = with_doubts(monkeypatch, ())
    app = upload(opened())
    assert said(app) == [PASSED_TEXT]
    (seen,) = checked
    assert (
        seen is app.session_state["current_reading"].admission_result.inference
    )  # what the networks saw: nothing runs twice


def test_a_heat_map_in_doubt_is_warned_of_with_why_and_so_are_its_row_its_overlay_and_its_words(monkeypatch):
    with_doubts(monkeypatch, DOUBTS)
    app = upload(opened())

    assert not app.exception
    assert said(app) == [WARNING]
    order = [element.value for element in app.main if element.type in ("markdown", "warning")]
    assert order.index(WARNING) > [text.startswith("**Next:** ") for text in order].index(True)
    assert list(app.dataframe[0].value["cautions"]) == ["heat map not reliable"]
    finding = app.session_state["current_reading"].shown(load_release())()
    assert finding.cautions == (Caution.EXPLANATION_UNRELIABLE,)
    assert Caution.EXPLANATION_UNRELIABLE in to_csv([app.session_state["readings"][0].row(load_release())()])
    overlay = Image.open(io.BytesIO(overlay_png(app.session_state["current_reading"].preview, finding)))
    assert "Caution: explanation_unreliable." in overlay.text["Comment"]


@pytest.mark.parametrize(("found", "where"), [((), "at the coloured areas"), (DOUBTS, "at the whole film")])
def test_nobody_is_sent_to_coloured_areas_that_are_in_doubt(monkeypatch, found, where):
    with_doubts(monkeypatch, found)
    release = ui.resources.load_release(None)
    limits = replace(release.conformal, least_pneumonia=0.0, most_normal=0.0)
    points = tuple(replace(point, threshold=0.0) for point in release.operating_points)
    monkeypatch.setattr(
        ui.resources, "load_release", lambda _: replace(release, conformal=limits, operating_points=points)
    )
    app = upload(opened())
    (following,) = [one.value for one in app.markdown if one.value.startswith("**Next:** ")]
    assert following.startswith(f"**Next:** Look again {where}.")


def test_a_picture_is_checked_once_and_the_next_one_anew(monkeypatch):
    checked = with_doubts(monkeypatch, DOUBTS)
    app = upload(opened()).run()
    app.number_input[-1].set_value(3).run()
    app.switch_page("pages/About.py").run()
    app.switch_page("app.py").run()
    assert len(checked) == 1
    assert said(app) == [WARNING]

    monkeypatch.setattr(ui.reading.heatmap_check, "reliability_warnings", lambda *_: ())
    upload(app, "next.png")
    assert said(app) == [PASSED_TEXT]
    assert list(app.dataframe[0].value["cautions"]) == ["", "heat map not reliable"]


def test_what_was_drawn_before_the_check_goes_by_it_as_soon_as_it_has_ended_whatever_is_on_screen_then():
    reading = upload(opened()).session_state["current_reading"]
    reading = replace(reading, check=HeatMapCheck())
    row, finding = reading.row(load_release()), reading.shown(load_release())
    kept = replace(reading, preview=None, admission_result=None).row(load_release())
    assert row()["cautions"] == kept()["cautions"] == list(finding().cautions) == [Caution.EXPLANATION_UNCHECKED]

    reading.check.doubts = DOUBTS
    assert row()["cautions"] == kept()["cautions"] == list(finding().cautions) == [Caution.EXPLANATION_UNRELIABLE]
    reading.check.doubts = ()
    assert row()["cautions"] == kept()["cautions"] == list(finding().cautions) == []


def test_the_page_runs_once_for_a_film_so_that_no_upload_is_lost_to_a_second_run(monkeypatch):
    with_doubts(monkeypatch, DOUBTS)
    drawn = []
    real = ui.viewer.component.radiograph_viewer
    monkeypatch.setattr(
        ui.viewer.component, "radiograph_viewer", lambda *given, **named: drawn.append(1) or real(*given, **named)
    )
    upload(opened())
    assert len(drawn) == 1


def test_a_check_that_breaks_says_so_in_its_place_and_leaves_the_finding(monkeypatch):
    with_limits(monkeypatch, LIMITS)

    def broken(*_):
        raise MemoryError

    monkeypatch.setattr(ui.reading.heatmap_check, "reliability_warnings", broken)
    app = upload(opened())
    (error,) = app.error
    assert error.value.startswith("Something went wrong that this program did not foresee. Please try again;")
    assert CHECKING_TEXT not in [caption.value for caption in app.caption]
    assert app.metric
    assert list(app.dataframe[0].value["cautions"]) == ["heat map not checked"]


def test_without_evidence_there_is_nothing_to_check(monkeypatch):
    checked = with_doubts(monkeypatch, DOUBTS)
    with_heat(monkeypatch, 0.0)
    assert said(upload(opened())) == []
    assert not checked


def test_a_picture_that_is_refused_is_not_checked_and_read_anyway_it_is(monkeypatch):
    checked = with_doubts(monkeypatch, DOUBTS)
    monkeypatch.setattr(ui.resources, "Gate", ShutGate)
    app = upload(opened())
    assert said(app) == []
    assert not checked
    assert ui.reading.compare_methods.COMPARE_TITLE not in [expander.label for expander in app.expander]

    next(button for button in app.button if button.label == "Read anyway").click().run()
    assert said(app) == [WARNING]


def test_what_another_model_drew_is_not_checked_by_this_one(monkeypatch):
    with_limits(monkeypatch, None)
    app = upload(opened())
    checked = with_doubts(monkeypatch, DOUBTS)
    newer = replace(ui.resources.load_release(None), version="99.0.0")
    monkeypatch.setattr(ui.resources, "load_release", lambda _: newer)
    ui.resources.st.cache_resource.clear()
    with_open(app, "compared")
    assert said(app) == [ANOTHER_MODEL_TEXT]
    assert not checked
    assert "This film was read by another model." in "".join(info.value for info in app.info)
