"""The landing page as a person reads it: words, order, and what happens when something is wrong."""

import re
from dataclasses import replace

import numpy as np
import pytest

import ui.frame
import ui.reading.finding_panel
import ui.resources
import ui.session
import ui.viewer.component
from model.explanation.heatmap import colour_map
from model.imaging.geometry import RelativeBox
from model.inference.classifier import Classifier
from model.inference.finding import restate
from model.inference.lung_segmentation import LungSegmenter
from model.inference.release_loader import load_release
from tests.support.gates import OpenGate
from tests.support.pages import INCOMPLETE, no_cache_of_another_test, opened, upload, words  # noqa: F401 (a fixture)
from ui.formatting import percent

NOT_A_PICTURE = (
    "**Not read.** This is another kind of file, which is not read. DICOM, PNG and JPEG files are accepted. Please "
    "export the radiograph as a PNG or JPEG picture and choose that file."
)
NO_LUNGS = (
    "**No lungs were found in this picture:** do not rely on this finding, which is of the whole picture. Is it a "
    "frontal chest radiograph, upright and not inverted?"
)
NO_EVIDENCE = "The network found no positive evidence for pneumonia anywhere: there is nothing to colour."


def with_threshold(monkeypatch, threshold: float) -> None:
    release = load_release()
    point = replace(release.operating_point(), threshold=threshold)
    limits = replace(release.conformal, least_pneumonia=threshold, most_normal=threshold)  # nothing is indeterminate
    released = replace(release, operating_points=(point,), default_operating_point=point.name, conformal=limits)
    monkeypatch.setattr(ui.resources, "load_release", lambda _: released)


def test_at_first_there_is_a_word_of_what_to_do_and_nothing_else():
    app = opened()
    (info,) = app.info
    assert info.value.startswith("Drop a frontal chest radiograph above. You get the probability of pneumonia")
    assert not app.metric
    assert [expander.label for expander in app.expander] == ["Operating point and prevalence"]


@pytest.mark.parametrize(
    ("threshold", "verdict", "meaning", "next_step"),
    [
        (
            0.0,
            "Signs of pneumonia",
            "The probability is at or above the threshold of the operating point.",
            "Look again at the coloured areas. Treat by the child's signs and your guideline, not by this page alone.",
        ),
        (
            1.0,
            "No sign of pneumonia found",
            "Other disease is not looked for.",
            "If the child's signs speak for pneumonia, trust the child and not this page: early pneumonia may not show "
            "on a film.",
        ),
    ],
)
def test_a_finding_in_words(monkeypatch, threshold, verdict, meaning, next_step):
    with_threshold(monkeypatch, threshold)
    app = upload(opened())
    release = load_release()
    probability = app.session_state["current_reading"].finding.probability

    assert not app.exception
    assert not app.error
    (heading,) = app.subheader
    assert re.sub(r":material/\w+: ", "", heading.value) == verdict
    assert app.markdown[0].value == meaning
    assert app.markdown[1].value == f"**Next:** {next_step}"
    (metric,) = app.metric
    prevalence = release.training_prevalence
    label = f"Probability of pneumonia, at a prevalence of {percent(prevalence)}"
    assert (metric.label, metric.value) == (label, percent(probability))
    caption = app.caption[0].value
    assert f"Operating point: {release.operating_point().name}, threshold {100 * threshold:.1f} %." in caption
    assert f"Prevalence: of 100 children that are filmed, {100 * prevalence:.0f} have pneumonia." in caption
    assert f"Model {release.version}." in caption
    assert [button.label for button in app.get("download_button")] == [
        "Overlay as PNG",
        "Row as CSV",
        "All rows as CSV",
    ]


def test_the_bar_says_its_numbers_to_those_who_cannot_see_it(monkeypatch):
    with_threshold(monkeypatch, 0.25)
    app = upload(opened())
    shown = percent(app.session_state["current_reading"].finding.probability)
    (bar,) = [html.proto.body for html in app.get("html") if 'role="img"' in html.proto.body]
    label = re.search(r'aria-label="([^"]*)"', bar)[1]
    assert label.replace("&lt;", "<").replace("&gt;", ">") == f"Probability {shown}, threshold 25 %"
    assert "left: 25.00%" in bar


@pytest.mark.parametrize("evidence", [True, False])
def test_the_viewer_gets_the_radiograph_and_its_map_only_where_there_is_evidence(monkeypatch, evidence):
    seen = []
    monkeypatch.setattr(
        ui.viewer.component, "radiograph_viewer", lambda *positional, **named: seen.append((*positional, named))
    )
    real = Classifier.finding_from

    def finding_with(classifier, seen):
        finding = real(classifier, seen)
        heat_map = np.full_like(finding.heat_map, 0.5 if evidence else 0)
        return replace(finding, heat_map=heat_map, heat_map_box=RelativeBox(0.1, 0.2, 0.8, 0.9))

    monkeypatch.setattr(Classifier, "finding_from", finding_with)
    app = upload(opened())
    pixels, heat_map, box, colours, named = seen[-1]

    assert pixels.shape == (300, 400)
    assert (heat_map is not None) == evidence
    assert box == RelativeBox(0.1, 0.2, 0.8, 0.9)
    np.testing.assert_array_equal(colours, colour_map())
    assert re.fullmatch(r"Chest radiograph\. .+, probability of pneumonia .+ %; .+\.", named["alt"])
    assert ("nothing coloured" in named["alt"]) != evidence
    assert (NO_EVIDENCE in [info.value for info in app.info]) != evidence


def test_where_no_lungs_are_found_the_finding_says_so_before_its_probability(monkeypatch):
    monkeypatch.setattr(ui.resources, "Gate", OpenGate)
    monkeypatch.setattr(LungSegmenter, "probability_map", lambda *_: np.zeros((20, 20), np.float32))
    app = upload(opened())

    assert not app.exception
    assert not app.error
    assert [warning.value for warning in app.warning] == [NO_LUNGS]
    assert app.metric
    order = [element.type for element in app.main]
    assert order.index("subheader") < order.index("warning") < order.index("metric")


def test_where_lungs_are_found_nothing_is_warned_of():
    app = upload(opened())
    assert app.metric
    assert not app.warning


@pytest.mark.parametrize(("age", "outside"), [(0, True), (1, False), (5, False), (6, True), (40, True)])
def test_an_age_outside_the_population_is_a_caution_with_the_figures_there_and_one_within_is_none(age, outside):
    app = upload(opened())
    app.number_input[-1].set_value(age).run()

    assert not app.exception
    assert [w.value.startswith("**This reader is made for children of 1 to 5 years.** ") for w in app.warning] == (
        [True] if outside else []
    )
    assert list(app.dataframe[0].value["cautions"]) == (["not of the age it is made for"] if outside else [""])


def test_the_age_stays_with_its_film_and_goes_with_the_next():
    app = upload(opened())
    app.number_input[-1].set_value(40).run()
    app.switch_page("pages/About.py").run()
    app.switch_page("app.py").run()
    assert app.number_input[-1].value == 40
    assert app.warning

    upload(app, "next.png")
    assert app.number_input[-1].value is None
    assert not app.warning
    assert list(app.dataframe[0].value["cautions"]) == ["", "not of the age it is made for"]


def test_operating_point_and_prevalence_hold_for_the_finding_its_rows_and_the_other_pages():
    app = upload(opened())
    release = load_release()
    first = app.session_state["current_reading"].finding
    app.button_group[0].set_value("rule-out")
    app.number_input[0].set_value(20).run()

    expected = restate(first, release, release.operating_point("rule-out"), 0.2)
    assert app.metric[0].label == "Probability of pneumonia, at a prevalence of 20 %"
    assert app.metric[0].value == percent(expected.probability)
    assert "Operating point: rule-out" in app.caption[0].value
    assert app.dataframe[0].value["probability"][0] == pytest.approx(expected.probability)

    app.switch_page("pages/Model_performance.py").run()
    assert app.button_group[0].value == "rule-out"
    assert app.number_input[0].value == 20
    app.button_group[0].set_value("rule-in")
    app.number_input[0].set_value(None).run()
    app.switch_page("app.py").run()
    assert "Operating point: rule-in" in app.caption[0].value
    assert app.metric[0].value == percent(first.probability)


def test_what_is_indeterminate_says_so_and_sends_to_a_radiologist(monkeypatch):
    release = load_release()
    limits = replace(release.conformal, least_pneumonia=0.0, most_normal=1.0)
    monkeypatch.setattr(ui.resources, "load_release", lambda _: replace(release, conformal=limits))
    app = upload(opened())

    assert app.subheader[0].value.endswith("Indeterminate: refer to a radiologist")
    assert app.markdown[1].value.startswith("**Next:** Have a radiologist look at the film.")
    assert list(app.dataframe[0].value["verdict"]) == ["INDETERMINATE"]


def test_a_refused_file_is_told_why_and_the_rows_before_it_stay():
    app = upload(upload(opened(), "first.png"), "letter.png", b"Dear colleague,")

    assert not app.exception
    assert [error.value for error in app.error] == [NOT_A_PICTURE]
    assert not app.metric
    assert not app.subheader
    table = app.dataframe[0].value
    assert list(table["path"]) == ["letter.png", "first.png"]
    assert list(table["status"]) == ["refused", "read"]
    assert app.expander[-1].label == "Read in this session (2)"


def test_after_a_refusal_the_next_picture_is_read():
    app = upload(upload(opened(), "letter.png", b"Dear colleague,"), "second.png")
    assert not app.error
    assert app.metric
    assert list(app.dataframe[0].value["status"]) == ["read", "refused"]
