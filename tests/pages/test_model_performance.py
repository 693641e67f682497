"""The page "Model performance" as a person reads it, without a browser."""

import json

from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

import ui.resources
from model.inference.release_loader import RELEASE_DIR, load_release
from model.performance.formatting import format_estimate
from model.performance.natural_frequencies import natural_frequencies, natural_frequency_sentence
from model.performance.release_data import load_release_data
from tests.support.pages import no_cache_of_another_test, opened  # noqa: F401 (a fixture)

TEST = json.loads((RELEASE_DIR / "metrics.json").read_text())["splits"]["test"]
# A release may give two operating points the same threshold; that one chosen is not the default is what counts.
DEFAULT = load_release().default_operating_point
OTHER = next(
    name
    for name, at in TEST["operating_points"].items()
    if at["confusion"] != TEST["operating_points"][DEFAULT]["confusion"]
)
THOUSAND, POINTS, REPORT = 0, 1, 2  # the page's tables in their order
CONFUSION = 0  # of its charts


def shown() -> AppTest:
    return opened("pages/Model_performance.py")


def choose(app: AppTest, point: str) -> AppTest:
    return app.button_group[0].set_value(point).run()


def words(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.subheader, app.markdown, app.caption) for element in kind)


def tables(app: AppTest) -> list[dict]:
    return [table.value.to_dict() for table in app.table]


def charts(app: AppTest) -> list[list[dict]]:
    """The rows that each chart draws; their names in its specification change with Streamlit's cache."""
    return [
        [
            row
            for data in chart.proto.datasets
            for row in convert_arrow_bytes_to_pandas_df(data.data.data).fillna("none").to_dict("records")
        ]
        for chart in app.get("vega_lite_chart")
    ]


def test_the_page_goes_from_what_is_understood_first_to_how_it_was_trained():
    app = shown()
    assert not app.exception
    assert not app.error
    assert [heading.value for heading in app.subheader] == [
        "Of 1,000 children",
        "Operating points",
        "All thresholds",
        "Probabilities",
        "Indeterminate",
        "By cause",
        "Whether it reads lungs",
        "What it refuses to read",
        "How far a heat map can be believed",
        "Outside its population",
        "How it was trained",
    ]


def test_figures_are_those_of_the_test_split_with_their_intervals():
    app = shown()
    said = words(app)
    assert f"the AUC is **{format_estimate(TEST['auc'])}**" in said
    assert f"official test split ({TEST['n']} films of {TEST['patients']} children" in said
    points = tables(app)[POINTS]
    for name, at in TEST["operating_points"].items():
        column = points[f"{name} (chosen)" if name == DEFAULT else name]
        assert column["Sensitivity"] == format_estimate(at["sensitivity"])
        assert column["Specificity"] == format_estimate(at["specificity"])
    assert len(points) == len(TEST["operating_points"])


def test_the_default_prevalence_is_that_of_the_training_pictures():
    prevalence = load_release().training_prevalence
    expected = natural_frequency_sentence(natural_frequencies(TEST["operating_points"][DEFAULT], prevalence))
    assert expected in words(shown())


def test_another_operating_point_changes_matrix_report_and_children():
    app = shown()
    before, drawn = tables(app), charts(app)
    choose(app, OTHER)
    after = tables(app)

    assert not app.exception
    assert after[REPORT] != before[REPORT]
    assert after[THOUSAND] != before[THOUSAND]
    assert f"{OTHER} (chosen)" in after[POINTS]
    assert f"{DEFAULT} (chosen)" not in after[POINTS]
    confusion = TEST["operating_points"][OTHER]["confusion"]
    assert f"{confusion['fp']}|false alarms" in {cell["text"] for cell in charts(app)[CONFUSION]}
    assert charts(app)[CONFUSION] != drawn[CONFUSION]


def test_another_prevalence_changes_the_children_and_no_measured_figure():
    app = shown()
    before, drawn = tables(app), charts(app)
    app.number_input[0].set_value(10).run()
    after = tables(app)

    assert not app.exception
    assert natural_frequency_sentence(natural_frequencies(TEST["operating_points"][DEFAULT], 0.1)) in words(app)
    assert "Of 1,000 children, 100 have pneumonia" in words(app)
    assert after[THOUSAND] != before[THOUSAND]
    assert after[POINTS:] == before[POINTS:]
    assert charts(app) == drawn


def test_what_was_not_measured_outside_its_population_is_said(monkeypatch):
    def without_adults(release):
        read = load_release_data(release)
        read.metrics.pop("adults", None)
        return read

    monkeypatch.setattr(ui.resources, "read_tables", without_adults)
    app = shown()
    assert not app.exception
    assert not app.error
    assert "Outside its population it was not measured. It is not for adults." in words(app)


def test_the_tables_are_read_once_for_all_sessions(monkeypatch):
    read = []
    monkeypatch.setattr(ui.resources, "read_tables", lambda release: read.append(release) or load_release_data(release))
    choose(shown(), OTHER)
    shown()
    assert len(read) == 1


def test_checkpoint_and_early_stopping_are_explained_with_what_they_did():
    settings, said = load_release().description["training"], words(shown())
    assert "**Checkpoint:**" in said
    assert f"has not improved for {settings['patience']} epochs in a row" in said
