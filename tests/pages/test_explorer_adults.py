"""The labelled adults in the dataset explorer, with and without the children."""

import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import ui.explorer.image_viewer
import ui.resources
from dataset.adult_tables import BOXES_FILE
from dataset.adults import Appearance, load_adult_index
from model.codes import Caution, Label, Population
from model.inference.release_loader import load_release
from model.messages import Message, MessageCode
from model.sentences import render
from tests.support.explorer import PAGE, open_explorer, press, tiles
from tests.support.gates import OpenGate, ShutGate
from tests.support.pages import by_label, open_page, page_text
from tests.support.populations import children_rules
from ui.explorer.image_detail import READ_LABEL, REFUSED_TEXT
from ui.explorer.image_viewer import SQUARE_ADULT_COPY_TEXT
from ui.explorer.population import ADULTS_MISSING_TEXT, CHILDREN_MISSING_TEXT
from ui.similar_cases import SIMILAR_CASES_TITLE

pytestmark = pytest.mark.slow

WITH_BOX, NORMAL = "910", "900"  # two test images of tests/support/training.py: patient 91 has pneumonia


@pytest.fixture
def adults(missing_dataset, adult_set, monkeypatch) -> Path:
    """Configure the tiny set of adults. The children's folder does not exist."""
    assert not missing_dataset.exists()
    monkeypatch.setenv("ADULT_XRAY_DIR", str(adult_set))
    return adult_set


@pytest.fixture
def open_gate(monkeypatch) -> None:
    monkeypatch.setattr(ui.resources, "AdmissionGate", OpenGate)


@pytest.fixture
def drawn_boxes(monkeypatch) -> list:
    """The boxes that the viewer is asked to draw, once per run."""
    drawn = []
    monkeypatch.setattr(
        ui.explorer.image_viewer, "show_radiograph", lambda *args, **options: drawn.append((args, options))
    )
    return drawn


def count(app: AppTest) -> tuple[str, str]:
    """Return how many images match the filters, and how many there are."""
    return re.search(r"\*\*([\d,]+)\*\* of ([\d,]+) images", page_text(app)).groups()


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption]


def labels_of(elements) -> list[str]:
    return [element.label for element in elements]


@pytest.mark.usefixtures("adults", "sample_dataset")
def test_the_children_come_first_and_the_population_is_a_choice():
    app = open_explorer()
    assert count(app) == ("24", "5,856")
    assert ADULTS_MISSING_TEXT not in labels_of(app.expander)

    app.button_group(key="population").set_value(Population.ADULTS).run()
    assert not app.exception
    assert count(app) == ("8", "32")
    assert count(open_explorer(population="adults")) == ("8", "32")


@pytest.mark.usefixtures("adults")
def test_without_the_children_the_adults_are_shown_and_a_sentence_says_how_to_add_the_children():
    app = open_explorer()
    assert count(app) == ("8", "32")
    assert CHILDREN_MISSING_TEXT.format(variable="CHEST_XRAY_DIR") in captions(app)


@pytest.mark.usefixtures("missing_dataset")
def test_without_the_adults_the_page_says_how_to_add_them():
    app = open_explorer(population="adults")
    text = page_text(app)
    assert "Population" not in labels_of(app.button_group)
    assert ADULTS_MISSING_TEXT in labels_of(app.expander)
    layout = ("labels.csv", "boxes.csv", "lung_boxes.csv", "normal/", "pneumonia/")
    assert all(part in text for part in ("kaggle.com", "CC BY-NC 4.0", "ADULT_XRAY_DIR", *layout))


@pytest.mark.usefixtures("adults")
@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ({}, lambda record: record.split == "test"),
        ({"split": ["training", "validation"]}, lambda record: record.split != "test"),
        ({"class": "NORMAL"}, lambda record: record.split == "test" and record.label == Label.NORMAL),
        (
            {"appearance": Appearance.TYPICAL},
            lambda record: record.split == "test" and record.cause == Appearance.TYPICAL,
        ),
        ({"appearance": Appearance.ATYPICAL}, lambda record: record.cause == Appearance.ATYPICAL),
        ({"order": "highest probability first"}, lambda record: record.split == "test"),
    ],
)
def test_the_url_sets_the_filters_of_the_adults(adult_set, query, matches):
    expected = [record for record in load_adult_index(adult_set) if matches(record)]
    assert count(open_explorer(population="adults", **query)) == (str(len(expected)), "32")


@pytest.mark.usefixtures("adults")
def test_tiles_show_study_label_boxes_and_split_but_no_result():
    text = page_text(open_explorer())
    assert text.count("**PNEUMONIA, Typical Appearance**") == text.count("**NORMAL, Negative for Pneumonia**") == 4
    assert text.count("test split") == 8
    assert (text.count("1 box"), text.count("no box")) == (2, 6)
    assert "%" not in text.split("Open an image")[0].split("PNEUMONIA", 1)[1]


@pytest.mark.usefixtures("adults", "open_gate")
def test_an_image_is_drawn_with_the_boxes_of_the_radiologists(adult_set, drawn_boxes):
    app = press(open_explorer(), WITH_BOX)

    record = next(each for each in load_adult_index(adult_set) if each.path.stem == WITH_BOX)
    options = drawn_boxes[-1][1]
    assert options["drawn"].boxes == record.opacities
    assert options["is_read"]
    assert options["drawn"].note in options["alt"]
    assert "radiologists" in options["drawn"].note
    assert "Label: **PNEUMONIA, Typical Appearance**" in page_text(app)
    assert SQUARE_ADULT_COPY_TEXT.format(side=64) in captions(app)


@pytest.mark.usefixtures("adults", "open_gate")
def test_an_image_without_boxes_has_none_in_the_viewer(drawn_boxes):
    press(open_explorer(), NORMAL)
    assert drawn_boxes[-1][1]["drawn"] is None


@pytest.mark.usefixtures("adults", "open_gate")
def test_a_release_for_children_has_a_caution_and_no_similar_cases_for_adults():
    app = press(open_explorer(), WITH_BOX)

    youngest, oldest = children_rules(load_release()).years
    caution = render([Message(Caution.OUTSIDE_POPULATION, {"youngest": youngest, "oldest": oldest})])
    assert any(warning.value.startswith(caution) for warning in app.warning)
    assert SIMILAR_CASES_TITLE not in [heading.value for heading in app.subheader]
    assert READ_LABEL not in labels_of(app.button)
    assert tiles(app) == ["911"], "the other image of the patient"


@pytest.mark.usefixtures("adults")
def test_a_refused_image_is_drawn_with_its_boxes_but_without_a_heat_map(monkeypatch, drawn_boxes):
    monkeypatch.setattr(ui.resources, "AdmissionGate", ShutGate)
    app = open_explorer()
    by_label(app.button, WITH_BOX).click().run()
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith(REFUSED_TEXT.split("{")[0])
    (_, maps, *_), options = drawn_boxes[-1]
    assert not maps
    assert not options["is_read"]
    assert options["drawn"].boxes


@pytest.mark.usefixtures("adults")
def test_overview_and_audit_are_those_of_the_adults():
    overview = open_explorer(view="Overview")
    assert "BIMCV-COVID19" in page_text(overview)
    assert "Mean radiographs" not in page_text(overview)
    assert not overview.get("image")
    assert len(overview.get("vega_lite_chart")) == 4
    groups, boxes = (table.value for table in overview.table)
    assert "PNEUMONIA, Typical Appearance" in groups.index
    assert boxes.loc["Typical Appearance"].tolist()[:3] == ["16", "8", "8"]

    assert "no audit of the adult data set" in page_text(open_explorer(view="Audit"))


@pytest.mark.usefixtures("sample_dataset")
def test_a_malformed_adult_data_set_is_reported_and_the_children_are_shown(adult_set, tmp_path, monkeypatch):
    folder = shutil.copytree(adult_set, tmp_path / "malformed")
    (folder / BOXES_FILE).write_text("file,x,y\n")
    monkeypatch.setenv("ADULT_XRAY_DIR", str(folder))
    app = open_page()
    app.switch_page(PAGE)
    app.run()

    assert not app.exception
    params = {"folder": str(folder.resolve()), "table": BOXES_FILE, "columns": "width, height"}
    assert [error.value for error in app.error] == [render([Message(MessageCode.ADULT_COLUMNS_MISSING, params)])]
    assert count(app) == ("24", "5,856")
