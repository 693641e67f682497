"""The start page without a browser: texts, their order, and errors."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import ui.frame
import ui.reading.finding_panel
import ui.resources
import ui.session
import ui.viewer.component
from model.codes import Caution, Population
from model.explanation.heatmap import colour_map
from model.imaging.geometry import RelativeBox
from model.inference.classifier import Classifier
from model.inference.decision import Verdict
from model.inference.finding import present
from model.inference.lung_segmentation import LungSegmenter
from model.inference.release_loader import load_release
from model.messages import MessageCode
from model.sentences import render_codes
from tests.support.gates import OpenGate
from tests.support.hostile_files import reason
from tests.support.pages import age_input, asks_for_an_upload, by_label, open_page, read_upload, session_table, upload
from tests.support.populations import children_rules, with_children_rules
from ui.formatting import percent
from ui.reading.caution_text import short_text
from ui.reading.finding_panel import (
    DOWNLOAD_HEAT_MAP,
    DOWNLOAD_RESULT,
    MEANINGS,
    NEXT_STEP_OTHER_AGE,
    NEXT_STEPS,
    NO_EVIDENCE_TEXT,
    PROBABILITY_LABEL,
)
from ui.reading.refusal_panel import NOT_READ_TEXT
from ui.reading.session_table import DOWNLOAD_ALL
from ui.settings import PREVALENCE_LABELS, SETTINGS_TITLE
from ui.verdicts import VERDICT_NAMES

pytestmark = pytest.mark.slow

OUTSIDE_POPULATION = short_text(Caution.OUTSIDE_POPULATION)


def point_control(app: AppTest) -> Any:
    return app.button_group(key="operating_point_control")


def prevalence_input(app: AppTest) -> Any:
    return by_label(app.number_input, PREVALENCE_LABELS[Population.CHILDREN])


def assumptions(app: AppTest) -> str:
    """Return the caption with threshold, prevalence and model."""
    (text,) = [caption.value for caption in app.caption if "Assumed prevalence: " in caption.value]
    return text


def use_threshold(monkeypatch, threshold: float) -> None:
    release = load_release()
    rules = children_rules(release)
    point = replace(rules.operating_point(), threshold=threshold)
    limits = replace(rules.conformal, pneumonia_from=threshold, normal_up_to=threshold)  # nothing is indeterminate
    changed = with_children_rules(release, operating_points=(point,), conformal=limits)
    monkeypatch.setattr(ui.resources, "load_release", lambda _: changed)


def test_a_new_session_shows_only_instructions():
    app = open_page()
    assert asks_for_an_upload(app)
    assert not app.metric
    assert [expander.label for expander in app.expander] == [SETTINGS_TITLE]


@pytest.mark.parametrize(("threshold", "verdict"), [(0.0, Verdict.PNEUMONIA), (1.0, Verdict.NORMAL)])
def test_a_finding_is_shown_in_text(monkeypatch, threshold, verdict):
    use_threshold(monkeypatch, threshold)
    app = upload(open_page())
    release = load_release()
    rules = children_rules(release)
    point, probability = rules.operating_point().name, read_upload(app).finding.probability

    assert not app.exception
    assert not app.error
    (heading,) = app.subheader
    assert re.sub(r":material/\w+: ", "", heading.value) == VERDICT_NAMES[verdict]
    texts = [markdown.value for markdown in app.markdown]
    assert texts[:2] == [MEANINGS[verdict].format(point=point), NEXT_STEPS[verdict]]
    (metric,) = app.metric
    prevalence = rules.training_prevalence
    label = PROBABILITY_LABEL.format(prevalence=percent(prevalence))
    assert (metric.label, metric.value) == (label, percent(probability))
    text = assumptions(app)
    assert f"Decision threshold: {100 * threshold:.1f}% ({point})." in text
    assert f"prevalence: {100 * prevalence:.0f} of every 100 children X-rayed have pneumonia, as in the" in text
    assert f"Model {release.version}." in text
    labels = [button.label for button in app.get("download_button")]
    assert labels == [DOWNLOAD_HEAT_MAP, DOWNLOAD_RESULT, DOWNLOAD_ALL]


def test_the_probability_bar_has_a_text_alternative(monkeypatch):
    use_threshold(monkeypatch, 0.25)
    app = upload(open_page())
    probability = percent(read_upload(app).finding.probability)
    (bar,) = [html.proto.body for html in app.get("html") if 'role="img"' in html.proto.body]
    label = re.search(r'aria-label="([^"]*)"', bar)[1]
    assert label.replace("&lt;", "<").replace("&gt;", ">") == f"Probability {probability}, decision threshold 25%"
    assert "left: 25.00%" in bar


@pytest.mark.parametrize("evidence", [True, False])
def test_the_viewer_receives_a_heat_map_only_with_evidence(monkeypatch, evidence):
    calls = []
    monkeypatch.setattr(ui.viewer.component, "show_radiograph", lambda *args, **kwargs: calls.append((*args, kwargs)))
    real = Classifier.finding_from

    def finding_from(classifier, inference):
        finding = real(classifier, inference)
        heat_map = np.full_like(finding.heat_map, 0.5 if evidence else 0)
        return replace(finding, heat_map=heat_map, heat_map_box=RelativeBox(0.1, 0.2, 0.8, 0.9))

    monkeypatch.setattr(Classifier, "finding_from", finding_from)
    app = upload(open_page())
    pixels, maps, box, keywords = calls[-1]

    assert pixels.shape == (300, 400)
    assert [each.kind for each in maps] == (["heat_map"] if evidence else [])
    assert box == RelativeBox(0.1, 0.2, 0.8, 0.9)
    assert all((each.colours == colour_map()).all() for each in maps)
    assert re.fullmatch(r"Chest X-ray\. .+, probability of pneumonia [<>]?\d+%\. .+\.", keywords["alt"])
    assert ("No area is coloured." in keywords["alt"]) != evidence
    assert (NO_EVIDENCE_TEXT in [info.value for info in app.info]) != evidence


def test_a_caution_about_missing_lungs_comes_before_the_probability(monkeypatch):
    monkeypatch.setattr(ui.resources, "AdmissionGate", OpenGate)
    monkeypatch.setattr(LungSegmenter, "probability_map", lambda *_: np.zeros((20, 20), np.float32))
    app = upload(open_page())

    assert not app.exception
    assert not app.error
    assert [warning.value for warning in app.warning] == [render_codes([Caution.LUNGS_NOT_FOUND])]
    assert app.metric
    order = [element.type for element in app.main]
    assert order.index("subheader") < order.index("warning") < order.index("metric")


def test_if_lungs_are_found_there_is_no_warning():
    app = upload(open_page())
    assert app.metric
    assert not app.warning


@pytest.mark.parametrize(("age", "outside"), [(0, True), (1, False), (5, False), (6, True), (40, True)])
def test_an_age_outside_the_population_adds_a_caution(age, outside):
    app = upload(open_page())
    age_input(app).set_value(age).run()

    assert not app.exception
    warnings = [warning.value for warning in app.warning]
    assert ["patients aged 1 to 5 years" in warning for warning in warnings] == [True] * outside
    assert list(session_table(app)["cautions"]) == [OUTSIDE_POPULATION if outside else ""]
    assert (NEXT_STEP_OTHER_AGE in [markdown.value for markdown in app.markdown]) == outside


def test_the_age_belongs_to_one_upload():
    app = upload(open_page())
    age_input(app).set_value(40).run()
    app.switch_page("pages/About.py").run()
    app.switch_page("app.py").run()
    assert age_input(app).value == 40
    assert app.warning

    upload(app, "next.png")
    assert age_input(app).value is None
    assert not app.warning
    assert list(session_table(app)["cautions"]) == ["", OUTSIDE_POPULATION]


def test_operating_point_and_prevalence_apply_to_finding_rows_and_other_pages():
    app = upload(open_page())
    release = load_release()
    first = read_upload(app).finding
    point_control(app).set_value("rule-out")
    prevalence_input(app).set_value(20).run()

    expected = present(first, release, population=Population.CHILDREN, operating_point="rule-out", prevalence=0.2)
    (metric,) = app.metric
    assert metric.label == PROBABILITY_LABEL.format(prevalence="20%")
    assert metric.value == percent(expected.probability)
    assert "(rule-out). Assumed prevalence: 20 of every 100 children X-rayed have pneumonia. " in assumptions(app)
    assert session_table(app)["probability"][0] == pytest.approx(np.clip(100 * expected.probability, 0.1, 99.9))

    app.switch_page("pages/Model_performance.py").run()
    assert point_control(app).value == "rule-out"
    assert prevalence_input(app).value == 20
    point_control(app).set_value("rule-in")
    prevalence_input(app).set_value(None).run()
    app.switch_page("app.py").run()
    assert "(rule-in)" in assumptions(app)
    (metric,) = app.metric
    assert metric.value == percent(first.probability)


def test_an_indeterminate_finding_is_referred_to_a_radiologist(monkeypatch):
    release = load_release()
    limits = replace(children_rules(release).conformal, pneumonia_from=0.0, normal_up_to=1.0)
    monkeypatch.setattr(ui.resources, "load_release", lambda _: with_children_rules(release, conformal=limits))
    app = upload(open_page())

    name = VERDICT_NAMES[Verdict.INDETERMINATE]
    (heading,) = app.subheader
    assert heading.value.endswith(name)
    assert NEXT_STEPS[Verdict.INDETERMINATE] in [markdown.value for markdown in app.markdown]
    assert list(session_table(app)["verdict"]) == [name]


def test_a_refused_file_is_shown_with_the_reason_and_earlier_rows_stay():
    app = upload(upload(open_page(), "first.png"), "letter.png", b"Dear colleague,")

    assert not app.exception
    expected = NOT_READ_TEXT.format(reason=reason(MessageCode.OTHER_FORMAT, file_format="unknown"))
    assert [error.value for error in app.error] == [expected]
    assert not app.metric
    assert not app.subheader
    table = session_table(app)
    assert list(table["path"]) == ["letter.png", "first.png"]
    assert list(table["status"]) == ["refused", "read"]


def test_after_a_refusal_the_next_file_is_read():
    app = upload(upload(open_page(), "letter.png", b"Dear colleague,"), "second.png")
    assert not app.error
    assert app.metric
    assert list(session_table(app)["status"]) == ["read", "refused"]
