"""Reliability check of the heat map on the reading page."""

import io
from dataclasses import replace

import pytest
from PIL import Image
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

import ui.reading.heatmap_check
import ui.resources
import ui.viewer.component
from model.codes import Caution, HeatMapWarning
from model.inference.classifier import Inference
from tests.support.gates import ShutGate, with_heat
from tests.support.heatmap_checks import check_texts, use_limits
from tests.support.pages import (
    age_input,
    by_label,
    open_expander,
    open_page,
    read_upload,
    session_table,
    session_uploads,
    upload,
)
from tests.support.populations import default_settings
from ui.errors import UNEXPECTED_ERROR
from ui.reading.caution_text import short_text
from ui.reading.finding_panel import finding_csv, finding_overlay
from ui.reading.heatmap_check import (
    ANOTHER_MODEL_TEXT,
    CHECKING_TEXT,
    NOT_CHECKED_TEXT,
    PASSED_TEXT,
    UNRELIABLE_FAINT_TEXT,
    UNRELIABLE_TEXT,
    WARNING_TEXTS,
)
from ui.reading.refusal_panel import READ_ANYWAY

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("positive_evidence")]

LIMITS = dict.fromkeys(HeatMapWarning, 0.1) | {"rationale": "By the test."}
WARNINGS = (HeatMapWarning.INSIDE_LUNGS, HeatMapWarning.AGREEMENT)
REASONS = " ".join(WARNING_TEXTS[warning] for warning in WARNINGS)
WARNING_TEXT = UNRELIABLE_TEXT.format(reasons=REASONS)
UNRELIABLE, UNCHECKED = map(short_text, (Caution.EXPLANATION_UNRELIABLE, Caution.EXPLANATION_UNCHECKED))


def use_warnings(monkeypatch, warnings: tuple[HeatMapWarning, ...]) -> list[Inference]:
    """Let the check always return these warnings, and return a list of the inferences that are checked."""
    checked = []
    monkeypatch.setattr(
        ui.reading.heatmap_check, "reliability_warnings", lambda _, inference: checked.append(inference) or warnings
    )
    use_limits(monkeypatch, LIMITS)
    return checked


def test_without_limits_in_the_release_the_heat_map_is_not_checked(monkeypatch):
    use_limits(monkeypatch, None)
    app = upload(open_page())
    assert not app.exception
    assert check_texts(app) == [NOT_CHECKED_TEXT]
    assert list(session_table(app)["cautions"]) == [UNCHECKED]


def test_a_heat_map_that_passes_is_reported(monkeypatch):
    checked = use_warnings(monkeypatch, ())
    app = upload(open_page())
    assert check_texts(app) == [PASSED_TEXT]
    (inference,) = checked
    assert inference is read_upload(app).image.admission_result.inference  # the networks do not run twice


def test_an_unreliable_heat_map_is_reported_on_the_page_and_in_row_and_overlay(monkeypatch):
    use_warnings(monkeypatch, WARNINGS)
    app = upload(open_page())

    assert not app.exception
    assert check_texts(app) == [WARNING_TEXT]
    order = [element.value for element in app.main if element.type in ("markdown", "warning")]
    assert order.index(WARNING_TEXT) > [text.startswith("**Next:** ") for text in order].index(True)
    assert list(session_table(app)["cautions"]) == [UNRELIABLE]
    settings, current = default_settings(), read_upload(app)
    assert current.presented(settings).cautions == (Caution.EXPLANATION_UNRELIABLE,)
    assert Caution.EXPLANATION_UNRELIABLE in finding_csv(session_uploads(app), current.file, settings)
    png = finding_overlay(session_uploads(app), current.file.upload_id, current.image.preview, settings)
    overlay = Image.open(io.BytesIO(png))
    assert "Caution: explanation_unreliable." in overlay.text["Comment"]


def test_each_image_is_checked_once(monkeypatch):
    checked = use_warnings(monkeypatch, WARNINGS)
    app = upload(open_page()).run()
    age_input(app).set_value(3).run()
    app.switch_page("pages/About.py").run()
    app.switch_page("app.py").run()
    assert len(checked) == 1
    assert check_texts(app) == [WARNING_TEXT]

    monkeypatch.setattr(ui.reading.heatmap_check, "reliability_warnings", lambda *_: ())
    upload(app, "next.png")
    assert check_texts(app) == [PASSED_TEXT]
    assert list(session_table(app)["cautions"]) == ["", UNRELIABLE]


def test_the_check_does_not_rerun_the_page(monkeypatch):
    use_warnings(monkeypatch, WARNINGS)
    drawn = []
    real = ui.viewer.component.show_radiograph
    monkeypatch.setattr(
        ui.viewer.component, "show_radiograph", lambda *args, **kwargs: drawn.append(1) or real(*args, **kwargs)
    )
    upload(open_page())
    assert len(drawn) == 1


def test_an_error_in_the_check_is_shown_and_the_finding_stays(monkeypatch):
    use_limits(monkeypatch, LIMITS)

    def raise_memory_error(*_):
        raise MemoryError

    monkeypatch.setattr(ui.reading.heatmap_check, "reliability_warnings", raise_memory_error)
    app = upload(open_page())
    (error,) = app.error
    assert error.value.startswith(UNEXPECTED_ERROR.split("{")[0])
    assert CHECKING_TEXT not in [caption.value for caption in app.caption]
    assert app.metric
    assert list(session_table(app)["cautions"]) == [UNCHECKED]


def test_a_heat_map_without_evidence_is_not_checked(monkeypatch):
    checked = use_warnings(monkeypatch, WARNINGS)
    with_heat(monkeypatch, 0.0)
    assert check_texts(upload(open_page())) == []
    assert not checked


def test_a_refused_image_is_checked_only_if_it_is_read_anyway(monkeypatch):
    checked = use_warnings(monkeypatch, WARNINGS)
    monkeypatch.setattr(ui.resources, "AdmissionGate", ShutGate)
    app = upload(open_page())
    assert check_texts(app) == []
    assert not checked
    assert ui.reading.compare_methods.COMPARE_TITLE not in [expander.label for expander in app.expander]

    by_label(app.button, READ_ANYWAY).click().run()
    assert check_texts(app) == [WARNING_TEXT]


def test_a_check_without_warnings_is_not_mentioned_for_an_image_read_despite_refusal(monkeypatch):
    use_warnings(monkeypatch, ())
    monkeypatch.setattr(ui.resources, "AdmissionGate", ShutGate)
    app = upload(open_page())
    by_label(app.button, READ_ANYWAY).click().run()
    assert app.metric
    assert check_texts(app) == []


def test_a_check_without_warnings_is_not_mentioned_for_an_age_outside_the_population(monkeypatch):
    use_warnings(monkeypatch, ())
    app = upload(open_page())
    age_input(app).set_value(40).run()
    assert check_texts(app) == []


@pytest.mark.parametrize(("heat", "text"), [(0.1, UNRELIABLE_FAINT_TEXT), (0.2, UNRELIABLE_TEXT)])
def test_the_warning_does_not_refer_to_colours_that_are_hard_to_see(monkeypatch, heat, text):
    use_warnings(monkeypatch, WARNINGS)
    with_heat(monkeypatch, heat)
    assert check_texts(upload(open_page())) == [text.format(reasons=REASONS)]


def test_a_heat_map_from_a_different_model_version_is_not_checked(monkeypatch):
    use_limits(monkeypatch, None)
    app = upload(open_page())
    checked = use_warnings(monkeypatch, WARNINGS)
    newer = replace(ui.resources.load_release(None), version="99.0.0")
    monkeypatch.setattr(ui.resources, "load_release", lambda _: newer)
    ui.resources.st.cache_resource.clear()
    open_expander(app, "compared")
    assert check_texts(app) == [ANOTHER_MODEL_TEXT]
    assert not checked
    assert ui.reading.compare_methods.ANOTHER_MODEL_TEXT in [info.value for info in app.info]


def test_a_check_is_kept_even_if_the_user_leaves_the_page_during_it(monkeypatch):
    def end_run(*_):
        raise StopException  # as Streamlit does at the next use of page or session state

    def check(*_):
        monkeypatch.setattr(ui.reading.heatmap_check, "session_uploads", end_run)
        monkeypatch.setattr(ui.reading.heatmap_check, "show_warnings", end_run)
        return WARNINGS

    use_limits(monkeypatch, LIMITS)
    monkeypatch.setattr(ui.reading.heatmap_check, "reliability_warnings", check)
    app = upload(open_page())
    assert check_texts(app) == []
    assert read_upload(app).heat_map_check.warnings == WARNINGS
