"""The page "Model performance" without a browser."""

import json

import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

import ui.resources
from model.codes import Population
from model.inference.release_loader import RELEASE_DIR, load_release
from model.performance.adults import adults_sentence
from model.performance.calibration import calibration_sentence, miscalibration_direction
from model.performance.formatting import format_estimate
from model.performance.natural_frequencies import natural_frequencies, natural_frequency_sentence
from model.performance.operating_points import sample_sentence
from model.performance.release_data import load_release_data
from tests.support.pages import ROOT, by_label, open_page
from tests.support.populations import children_rules
from ui.settings import PREVALENCE_LABELS

pytestmark = pytest.mark.slow

TEST = json.loads((RELEASE_DIR / "metrics.json").read_text())["splits"]["test"]
# Not the default operating point. Its confusion matrix must differ too, because two points may have the same threshold.
DEFAULT = children_rules(load_release()).default_operating_point
OTHER_POINT = next(
    name
    for name, rates in TEST["operating_points"].items()
    if rates["confusion"] != TEST["operating_points"][DEFAULT]["confusion"]
)
PATIENTS, POINTS, REPORT = 0, 1, 2  # tables of the page, in order
CONFUSION = 0  # its first chart


def open_performance() -> AppTest:
    return open_page("pages/Model_performance.py")


def choose(app: AppTest, point: str) -> AppTest:
    return app.button_group(key="operating_point_control").set_value(point).run()


def page_text(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.subheader, app.markdown, app.caption) for element in kind)


def tables(app: AppTest) -> list[dict]:
    return [table.value.to_dict() for table in app.table]


def charts(app: AppTest) -> list[list[dict]]:
    """Return the rows of each chart. The names of the data sets are left out: they change with Streamlit's cache."""
    return [
        [
            row
            for data in chart.proto.datasets
            for row in convert_arrow_bytes_to_pandas_df(data.data.data).astype(object).fillna("none").to_dict("records")
        ]
        for chart in app.get("vega_lite_chart")
    ]


def test_the_sections_are_in_order():
    app = open_performance()
    assert not app.exception
    assert not app.error
    assert [heading.value for heading in app.subheader] == [
        "What to expect in 1,000 patients",
        "Decision thresholds",
        "ROC and precision-recall curves",
        "Probabilities",
        "Indeterminate results",
        "Sensitivity by cause",
        "Does the model use the lungs?",
        "Refused images",
        "How reliable are the heat maps?",
        "Outside the intended population",
        "Training",
    ]


def test_the_links_at_the_top_lead_to_the_sections():
    app = open_performance()
    (links,) = [element.value for element in app.markdown if element.value.startswith("[What to expect")]
    sections = [(heading.value, heading.anchor) for heading in app.subheader]
    assert links.split(" | ") == [f"[{title}](#{anchor})" for title, anchor in sections]


def test_miscalibration_on_the_test_split_is_a_warning_before_the_charts():
    app = open_performance()
    assert miscalibration_direction(TEST)
    assert [warning.value for warning in app.warning] == [calibration_sentence(TEST)]
    order = [(element.type, str(getattr(element, "value", ""))) for element in app.main]
    first_chart = [kind for kind, _ in order].index("vega_lite_chart", order.index(("subheader", "Probabilities")))
    assert (
        order.index(("subheader", "Probabilities")) < order.index(("warning", calibration_sentence(TEST))) < first_chart
    )


def test_metrics_are_those_of_the_test_split_with_intervals():
    app = open_performance()
    text = page_text(app)
    assert f"It is **{format_estimate(TEST['auc'])}**" in text
    assert sample_sentence(TEST, Population.CHILDREN) in text
    points = tables(app)[POINTS]
    for name, rates in TEST["operating_points"].items():
        column = points[f"{name} (selected)" if name == DEFAULT else name]
        assert column["Sensitivity"] == format_estimate(rates["sensitivity"])
        assert column["Specificity"] == format_estimate(rates["specificity"])
    assert len(points) == len(TEST["operating_points"])


def test_the_default_prevalence_is_that_of_the_training_images():
    prevalence = children_rules(load_release()).training_prevalence
    expected = natural_frequency_sentence(natural_frequencies(TEST["operating_points"][DEFAULT], prevalence))
    assert expected in page_text(open_performance())


def test_another_operating_point_changes_matrix_report_and_patients():
    app = open_performance()
    tables_before, charts_before = tables(app), charts(app)
    choose(app, OTHER_POINT)
    tables_after = tables(app)

    assert not app.exception
    assert tables_after[REPORT] != tables_before[REPORT]
    assert tables_after[PATIENTS] != tables_before[PATIENTS]
    assert f"{OTHER_POINT} (selected)" in tables_after[POINTS]
    assert f"{DEFAULT} (selected)" not in tables_after[POINTS]
    confusion = TEST["operating_points"][OTHER_POINT]["confusion"]
    assert f"{confusion['fp']}|false alarms" in {cell["text"] for cell in charts(app)[CONFUSION]}
    assert charts(app)[CONFUSION] != charts_before[CONFUSION]


def test_another_prevalence_changes_the_patients_but_no_measured_metric():
    app = open_performance()
    tables_before, charts_before = tables(app), charts(app)
    by_label(app.number_input, PREVALENCE_LABELS[Population.CHILDREN]).set_value(10).run()
    tables_after = tables(app)

    assert not app.exception
    assert natural_frequency_sentence(natural_frequencies(TEST["operating_points"][DEFAULT], 0.1)) in page_text(app)
    assert "Of 1,000 patients, 100 have pneumonia" in page_text(app)
    assert tables_after[PATIENTS] != tables_before[PATIENTS]
    assert tables_after[POINTS:] == tables_before[POINTS:]
    assert charts(app) == charts_before


def test_the_page_says_so_if_performance_on_adults_was_not_measured(monkeypatch):
    def without_adults(*arguments):
        release_data = load_release_data(*arguments)
        release_data.metrics.pop("adults", None)
        return release_data

    monkeypatch.setattr(ui.resources, "load_release_data", without_adults)
    app = open_performance()
    assert not app.exception
    assert not app.error
    assert adults_sentence(None, DEFAULT) in page_text(app)


def test_the_tables_are_loaded_once_for_all_sessions(monkeypatch):
    loaded = []
    monkeypatch.setattr(
        ui.resources,
        "load_release_data",
        lambda *arguments: loaded.append(arguments) or load_release_data(*arguments),
    )
    choose(open_performance(), OTHER_POINT)
    open_performance()
    assert len(loaded) == 1


def test_checkpoint_and_early_stopping_are_explained():
    training, text = load_release().description["training"], page_text(open_performance())
    assert "**Checkpoint:**" in text
    assert f"has not improved for {training['patience']} epochs in a row" in text


def test_a_release_for_one_population_has_no_choice_and_its_adults_are_outside_the_population():
    app = open_performance()

    assert not [control for control in app.button_group if control.key == "population"]
    assert "Outside the intended population" in [heading.value for heading in app.subheader]


def test_the_population_is_chosen_and_every_figure_is_its_own(mixed_release, monkeypatch):
    release = load_release(mixed_release)
    measured = json.loads((mixed_release / "metrics.json").read_text())
    children, adults = measured["splits"]["test"], measured["populations"]["adults"]["splits"]["test"]
    monkeypatch.setattr(ui.resources, "RELEASE_DIR", mixed_release)
    app = open_performance()

    assert not app.exception
    assert sample_sentence(children, Population.CHILDREN) in page_text(app)
    assert "Outside the intended population" not in [heading.value for heading in app.subheader]
    app.button_group(key="population").set_value("adults").run()

    assert not app.exception
    assert not app.error
    text = page_text(app)
    assert sample_sentence(adults, Population.ADULTS) in text
    assert f"It is **{format_estimate(adults['auc'])}**" in text
    prevalence = release.populations[Population.ADULTS].training_prevalence
    frequencies = natural_frequencies(adults["operating_points"][DEFAULT], prevalence)
    assert natural_frequency_sentence(frequencies) in text
    assert [heading.value for heading in app.subheader] == [
        "What to expect in 1,000 patients",
        "Decision thresholds",
        "ROC and precision-recall curves",
        "Probabilities",
        "Indeterminate results",
        "Sensitivity by appearance",
        "Refused images",
    ]
    assert "Typical Appearance" in json.dumps(charts(app))


def test_a_shared_address_shows_its_population(mixed_release, monkeypatch):
    monkeypatch.setattr(ui.resources, "RELEASE_DIR", mixed_release)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    app.switch_page("pages/Model_performance.py")
    app.query_params["population"] = "adults"
    app.run()

    assert "Sensitivity by appearance" in [heading.value for heading in app.subheader]
