"""What holds for every page, without a browser; and the page that tells of the reader."""

import ast
import json
import logging
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as hypothesis

import ui.frame
import ui.reading.finding_panel
import ui.resources
import ui.session
import ui.viewer.component
from model.inference.release_loader import load_release
from tests.support.browser import ROOT
from tests.support.pages import INCOMPLETE, no_cache_of_another_test, opened, upload, words  # noqa: F401 (a fixture)
from ui.formatting import distinct_percents, percent

PAGES = ("app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")))


# --- every page


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_the_frame(page):
    statements = ast.parse((ROOT / page).read_text(encoding="utf-8")).body
    after_docstring = statements[1:]
    first = next(s for s in after_docstring if not isinstance(s, ast.Import | ast.ImportFrom))
    assert isinstance(first, ast.Expr)
    assert isinstance(first.value, ast.Call)
    assert ast.unparse(first.value.func) == "frame"
    imported = [
        alias for s in after_docstring if isinstance(s, ast.ImportFrom) and s.module == "ui.frame" for alias in s.names
    ]
    assert [(alias.name, alias.asname) for alias in imported] == [("frame", None)]


def test_the_menu_leads_to_every_page():
    assert sorted(page for page, *_ in ui.frame.MENU) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_cold_start_shows_title_menu_and_notice(page):
    app = opened(page)

    assert not app.exception
    assert not app.error
    assert [title.value for title in app.title] == [label for path, label, _ in ui.frame.MENU if path == page]
    assert len(app.get("page_link")) == len(PAGES)
    notice = app.get("html")[0].proto.body
    assert "Research use only, not a medical device." in notice
    assert "A second reader, after the clinician's own look." in notice
    assert "children of one to five years from one hospital" in notice
    assert f"Model {load_release().version}." in notice


@pytest.mark.parametrize("page", PAGES)
def test_without_a_model_every_page_says_so_keeps_the_notice_and_shows_no_more(page, monkeypatch, tmp_path):
    monkeypatch.setattr(ui.resources, "RELEASE_DIR", tmp_path)
    app = opened(page)

    assert not app.exception
    assert [error.value for error in app.error] == [INCOMPLETE]
    assert "Research use only, not a medical device." in words(app)
    assert "No trained model." in words(app)
    assert not app.table


@pytest.mark.parametrize("page", PAGES)
def test_the_notice_stands_whatever_keeps_the_model_from_opening(page, monkeypatch):
    def broken(*_):
        raise MemoryError

    monkeypatch.setattr(ui.resources, "load_release", broken)
    app = opened(page)
    assert not app.exception
    assert "Research use only, not a medical device." in words(app)
    assert re.search(r"report the reference [0-9A-F]{6}\.$", app.error[0].value)


@pytest.mark.parametrize("page", PAGES)
def test_what_nobody_foresaw_is_a_sentence_with_a_reference_and_no_traceback(page, monkeypatch, caplog):
    message = "the name of Ann Doe"

    def broken(*_):
        raise RuntimeError(message)

    monkeypatch.setattr("ui.session.decode", broken)
    monkeypatch.setattr("ui.charts.tables.performance_table", broken)
    monkeypatch.setattr("ui.resources.read_tables", broken)
    app = opened(page)
    if page == "app.py":
        with caplog.at_level(logging.DEBUG):
            upload(app, "Doe_Ann.png")

    assert not app.exception
    (error,) = app.error
    said = re.fullmatch(
        r"Something went wrong that this program did not foresee\. Nothing was read\. Please try again; if it happens "
        r"again, report the reference ([0-9A-F]{6})\.",
        error.value,
    )
    assert said
    (record,) = [r for r in caplog.records if r.name == "chest_radiograph_reader"]
    assert record.getMessage().startswith(f"reference {said[1]}: RuntimeError\n")
    assert "in broken" in record.getMessage()  # the place in the program
    assert record.exc_info is None
    assert "Ann" not in caplog.text
    assert "Doe" not in words(app)


# --- about


def test_about_shows_what_the_release_says_of_itself():
    app = opened("pages/About.py")
    release = load_release()
    about, text = release.description, words(app)

    assert f"**Intended use.** {about['intended_use']}" in text
    assert f"**Trained on.** {about['population']}" in text
    for limit in about["limits"]:
        assert f"- {limit}" in text
    figures, origin = (table.value for table in app.table)
    for split in ("Test", "Validation"):
        measured = about["metrics"][split.lower()]
        assert figures[split]["Pictures"] == str(measured["n"])
        auc = measured["auc"]
        assert figures[split]["AUC"] == f"{auc['value']:.3f} ({auc['low']:.3f}-{auc['high']:.3f})"
    facts = origin.iloc[:, 0]
    assert facts["Version"] == release.version
    for point in release.operating_points:
        assert facts[f"Operating point: {point.name}"] == f"{point.threshold:.3f}. {point.chosen}"


# --- numbers for people


@given(hypothesis.floats(0, 1), hypothesis.floats(0.02, 0.98))
def test_a_probability_beside_the_threshold_is_told_apart_from_it(probability, threshold):
    shown = distinct_percents(probability, threshold)
    assert shown[0] != shown[1] or abs(probability - threshold) < 1e-12


@given(probability=hypothesis.floats(0, 1))
def test_no_percentage_claims_certainty(probability):
    text = percent(probability)
    assert re.fullmatch(r"(< 1|> 99|[1-9]\d?) %", text)
    if text[0] not in "<>":
        assert abs(float(text.split()[0]) - 100 * probability) <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0, "< 1 %"), (0.01, "1 %"), (0.5, "50 %"), (0.99, "99 %"), (0.995, "> 99 %"), (1, "> 99 %")],
)
def test_percentages(probability, text):
    assert percent(probability) == text


# --- what a clinic's computer must not wait for

_FIRST_READING = """
import json, sys
from streamlit.testing.v1 import AppTest
from tests.support.synthetic import phantom_file
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
app.file_uploader[0].upload("film.png", phantom_file(), "image/png").run()
app.switch_page("pages/About.py").run()
tables = len(app.table)
app.switch_page("pages/Model_performance.py").run()
read = len(app.session_state["readings"])
heavy = {"tensorflow", "keras", "tf_keras_vis", "sklearn"} & set(sys.modules)
print(json.dumps([read, tables, sorted(heavy)]))
"""


def test_first_paint_and_first_reading_import_no_tensorflow():
    """In a process of its own, since other tests of this one import what they like."""
    command = [sys.executable, "-c", _FIRST_READING, str(ROOT / "app.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [1, 2, []]
