"""Every page without a browser: frame, menu, notice, errors; the page "About"; formatting of numbers."""

import ast
import json
import logging
import re
import subprocess
import sys
from dataclasses import replace

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
from tests.support.pages import INCOMPLETE_RELEASE, notice, open_page, page_text, upload
from tests.support.populations import children_rules, with_children_rules
from ui.errors import UNEXPECTED_ERROR
from ui.formatting import distinct_percents, percent

pytestmark = pytest.mark.slow

PAGES = ("app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")))


# --- every page


@pytest.mark.parametrize("page", PAGES)
def test_a_page_starts_with_the_frame(page):
    statements = ast.parse((ROOT / page).read_text(encoding="utf-8")).body
    after_docstring = statements[1:]
    first = next(node for node in after_docstring if not isinstance(node, ast.Import | ast.ImportFrom))
    assert isinstance(first, ast.Expr)
    assert isinstance(first.value, ast.Call)
    assert ast.unparse(first.value.func) == "page_frame"
    imports = [node for node in after_docstring if isinstance(node, ast.ImportFrom) and node.module == "ui.frame"]
    assert [(alias.name, alias.asname) for node in imports for alias in node.names] == [("page_frame", None)]


def test_the_menu_leads_to_every_page():
    assert sorted(page for page, *_ in ui.frame.MENU) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_new_session_shows_title_menu_and_notice(page):
    app = open_page(page)

    assert not app.exception
    assert not app.error
    assert [title.value for title in app.title] == [label for path, label, _ in ui.frame.MENU if path == page]
    assert len(app.get("page_link")) == len(PAGES)
    text = notice(app)
    assert "Research use only, not a medical device." in text
    assert ui.frame.NOTICE_TEXT in text
    assert "children aged 1 to 5 years from one hospital" in text
    assert f"Model {load_release().version}." in text


@pytest.mark.parametrize("page", PAGES)
def test_without_a_release_every_page_shows_the_error_and_the_notice_only(page, monkeypatch, tmp_path):
    monkeypatch.setattr(ui.resources, "RELEASE_DIR", tmp_path)
    app = open_page(page)

    assert not app.exception
    assert [error.value for error in app.error] == [INCOMPLETE_RELEASE]
    assert "Research use only, not a medical device." in page_text(app)
    assert "No trained model." in page_text(app)
    assert not app.table


@pytest.mark.parametrize("page", PAGES)
def test_the_notice_is_shown_even_if_the_release_cannot_be_loaded(page, monkeypatch):
    def raise_memory_error(*_):
        raise MemoryError

    monkeypatch.setattr(ui.resources, "load_release", raise_memory_error)
    app = open_page(page)
    assert not app.exception
    assert "Research use only, not a medical device." in page_text(app)
    (error,) = app.error
    assert re.search(r"report reference [0-9A-F]{6}\.$", error.value)


@pytest.mark.parametrize("page", PAGES)
def test_an_unexpected_error_is_a_sentence_with_a_reference_and_no_traceback(page, monkeypatch, caplog):
    message = "the name of Ann Doe"

    def raise_error(*_):
        raise RuntimeError(message)

    monkeypatch.setattr("ui.reading.actions.decode", raise_error)
    monkeypatch.setattr("ui.charts.tables.performance_table", raise_error)
    monkeypatch.setattr("ui.resources.load_release_data", raise_error)
    app = open_page(page)
    if page == "app.py":
        with caplog.at_level(logging.DEBUG):
            upload(app, "Doe_Ann.png")

    assert not app.exception
    (error,) = app.error
    match = re.fullmatch(
        re.escape(UNEXPECTED_ERROR).replace(re.escape("{reference}"), "([0-9A-F]{6})"),
        error.value,
    )
    assert match
    (record,) = [entry for entry in caplog.records if entry.name == "chest_radiograph_reader"]
    assert record.getMessage().startswith(f"reference {match[1]}: RuntimeError\n")
    assert "in raise_error" in record.getMessage()  # the traceback
    assert record.exc_info is None
    assert "Ann" not in caplog.text
    assert "Doe" not in page_text(app)


# --- about


def test_about_shows_the_description_of_the_release():
    app = open_page("pages/About.py")
    release = load_release()
    description, text = release.description, page_text(app)

    assert f"**Intended use.** {description['intended_use']}" in text
    assert f"**Training data.** {description['populations']['children']['description']}" in text
    for limit in description["limits"]:
        assert f"- {limit}" in text
    assert f"**Licence.** {description['licence']}" in text
    performance, provenance, of_children = (table.value for table in app.table)
    for split in ("Test", "Validation"):
        metrics = description["metrics"][split.lower()]
        assert performance[split]["Images"] == str(metrics["n"])
        auc = metrics["auc"]
        assert performance[split]["AUC"] == f"{auc['value']:.3f} ({auc['low']:.3f}-{auc['high']:.3f})"
    assert provenance.iloc[:, 0]["Model version"] == release.version
    facts, images = of_children.iloc[:, 0], description["populations"]["children"]["dataset"]["images"]
    assert facts["Images"] == "{training} training, {validation} validation, {test} test".format(**images)
    for point in children_rules(release).operating_points:
        assert facts[f"Decision threshold ({point.name})"] == f"{point.threshold:.3f}. {point.rationale}"


def test_about_has_data_licence_and_metrics_of_each_population(mixed_release, monkeypatch):
    monkeypatch.setattr(ui.resources, "RELEASE_DIR", mixed_release)
    description = load_release(mixed_release).description
    app = open_page("pages/About.py")

    assert not app.exception
    assert f"**Licence.** {description['licence']}" in page_text(app)
    children, adults, _provenance, of_children, of_adults = (table.value for table in app.table)
    entry = description["populations"]["adults"]
    assert children["Test"]["Images"] == str(description["metrics"]["test"]["n"])
    assert adults["Test"]["Images"] == str(entry["metrics"]["test"]["n"])
    assert [facts.iloc[:, 0]["Data set"].rsplit("(")[-1] for facts in (of_children, of_adults)] == [
        "CC BY 4.0)",
        "CC BY-NC 4.0, research and non-commercial use only)",
    ]


@pytest.mark.parametrize("is_shipped", [True, False])
def test_a_model_that_was_not_shipped_with_the_program_is_named_as_such_and_used(monkeypatch, is_shipped):
    changed = replace(load_release(), is_shipped=is_shipped)
    monkeypatch.setattr(ui.resources, "load_release", lambda _: changed)
    app = open_page("pages/About.py")

    assert not app.exception
    assert not app.error
    remark = "" if is_shipped else ", not the one shipped with this program"
    assert f" Model {changed.version}{remark}.<" in notice(app)
    warnings = [warning.value for warning in app.warning]
    assert [warning.startswith("This model did not come with this program.") for warning in warnings] == (
        [] if is_shipped else [True]
    )
    _performance, provenance, _of_children = (table.value for table in app.table)
    facts = provenance.iloc[:, 0]
    assert facts["Model version"] == changed.version + ("" if is_shipped else ", not shipped with this program")
    assert facts["Checksum"] == changed.digest[:12]


def test_the_notice_names_the_ages_of_the_release(monkeypatch):
    changed = with_children_rules(load_release(), years=(2, 17))
    monkeypatch.setattr(ui.resources, "load_release", lambda _: changed)
    assert "children aged 2 to 17 years from one hospital" in notice(open_page("pages/About.py"))


# --- formatting of numbers


@given(hypothesis.floats(0, 1), hypothesis.floats(0.02, 0.98))
def test_probability_and_threshold_are_formatted_differently(probability, threshold):
    texts = distinct_percents(probability, threshold)
    assert texts[0] != texts[1] or abs(probability - threshold) < 1e-12


@given(probability=hypothesis.floats(0, 1))
def test_no_percentage_claims_certainty(probability):
    text = percent(probability)
    assert re.fullmatch(r"(<1|>99|[1-9]\d?)%", text)
    if text[0] not in "<>":
        assert abs(float(text.rstrip("%")) - 100 * probability) <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0, "<1%"), (0.01, "1%"), (0.5, "50%"), (0.99, "99%"), (0.995, ">99%"), (1, ">99%")],
)
def test_percentages(probability, text):
    assert percent(probability) == text


# --- start-up

_FIRST_VISIT = """
import json, sys
from streamlit.testing.v1 import AppTest
from tests.support.synthetic import phantom_file
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
(uploader,) = app.file_uploader
uploader.upload("chest.png", phantom_file(), "image/png").run()
app.switch_page("pages/About.py").run()
tables = len(app.table)
app.switch_page("pages/Model_performance.py").run()
uploads = len(app.session_state["uploads"])
heavy = {"tensorflow", "keras", "tf_keras_vis", "sklearn"} & set(sys.modules)
print(json.dumps([uploads, tables, sorted(heavy)]))
"""


def test_first_page_and_first_upload_import_no_tensorflow():
    """Runs in a new process, because other tests may have imported these packages in this one."""
    command = [sys.executable, "-c", _FIRST_VISIT, str(ROOT / "app.py")]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout.splitlines()[-1]) == [1, 3, []]
