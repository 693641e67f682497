"""The dataset explorer without a browser: filters, tiles, detail, overview, audit, similar cases."""

import re
from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dataset.explorer.catalogue import Outcome
from model.codes import Caution
from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex
from model.performance.release_data import load_release_data
from model.sentences import render_codes
from tests.support.explorer import open_explorer, press, tiles
from tests.support.pages import by_label, open_expander, open_page, page_text, upload
from tests.support.synthetic import phantom_file
from ui.explorer.download import NO_IMAGES_TEXT
from ui.explorer.image_detail import READ_LABEL
from ui.gallery import NO_MATCH_TEXT, NOT_ON_DISK_TEXT, SPLIT_MARKS
from ui.similar_cases import SAME_IMAGE_TEXT, SIMILAR_CASES_TITLE

pytestmark = pytest.mark.slow

NEAR_DUPLICATE = render_codes((Caution.NEAR_DUPLICATE,))


def count_of(app: AppTest) -> int:
    """Return how many images match the filters."""
    return int(re.search(r"\*\*([\d,]+)\*\* of 5,856 images", page_text(app))[1].replace(",", ""))


def info_texts(app: AppTest) -> list[str]:
    return [info.value for info in app.info]


def predictions() -> pd.DataFrame:
    return load_release_data(load_release()).predictions


# --- without images


@pytest.mark.usefixtures("missing_dataset")
def test_without_images_it_starts_with_the_overview_and_offers_the_download():
    app = open_explorer()

    assert NO_IMAGES_TEXT in info_texts(app)
    labels = ["24 sample images from api.kaggle.com", "Complete data set from api.kaggle.com"]
    assert [button.label for button in app.button][:2] == labels
    assert "Mean radiographs" in page_text(app)
    assert len(app.get("image")) == 6
    assert len(app.get("vega_lite_chart")) == 9


@pytest.mark.usefixtures("missing_dataset")
def test_without_images_tiles_and_details_show_what_is_known():
    app = open_explorer(view="Images")
    assert page_text(app).count(NOT_ON_DISK_TEXT) == 24

    press(app, "IM-0001-0001")
    assert any("This image is not on this computer." in text for text in info_texts(app))
    assert "Label: **NORMAL**" in page_text(app)
    assert not [button for button in app.button if button.label == READ_LABEL]


# --- filters


@pytest.mark.usefixtures("sample_dataset")
def test_images_on_this_computer_are_shown_first_and_all_on_request():
    app = open_explorer()
    assert count_of(app) == 24
    assert NOT_ON_DISK_TEXT not in page_text(app)
    assert any(box.label.startswith("24 of 5,856 images are on this computer") for box in app.expander)

    app.toggle(key="here").set_value(False).run()
    assert count_of(app) == 624


@pytest.mark.usefixtures("missing_dataset")
@pytest.mark.parametrize(
    ("url_query", "row_query"),
    [
        ({}, "split == 'test'"),
        ({"split": ["training", "validation"]}, "split != 'test'"),
        ({"class": "NORMAL"}, "split == 'test' and label == 'NORMAL'"),
        ({"cause": "viral", "split": "validation"}, "split == 'validation' and cause == 'viral'"),
        ({"p": ["20", "60"]}, "split == 'test' and 0.2 <= probability <= 0.6"),
    ],
)
def test_the_url_sets_the_filters(url_query, row_query):
    assert count_of(open_explorer(view="Images", **url_query)) == len(predictions().query(row_query))


@pytest.mark.usefixtures("missing_dataset")
@pytest.mark.parametrize("point", ["rule-out", "balanced", "rule-in"])
def test_outcomes_match_the_metrics_at_the_operating_point_of_the_url(point):
    metrics = load_release_data(load_release()).metrics["splits"]["test"]
    counts = {outcome: count_of(open_explorer(view="Images", result=outcome, point=point)) for outcome in Outcome}
    indeterminate = metrics["conformal"]["indeterminate"][point].values()
    confusion = metrics["operating_points"][point]["confusion"]
    assert sum(counts.values()) == metrics["n"]
    assert counts[Outcome.INDETERMINATE] == round(sum(share["value"] * share["n"] for share in indeterminate))
    incorrect = counts[Outcome.INCORRECT]
    assert incorrect <= confusion["fn"] + confusion["fp"] <= incorrect + counts[Outcome.INDETERMINATE]


@pytest.mark.usefixtures("missing_dataset")
def test_filters_by_file_name_and_patient_stay_out_of_the_url():
    app = open_explorer(view="Images")
    app.text_input(key="name_part").set_value("NORMAL2-IM-0222").run()
    assert tiles(app) == ["NORMAL2-IM-0222-0001"]
    app.text_input(key="name_part").set_value("").run()
    app.text_input(key="patient_key").set_value("person1").run()
    patients = predictions().query("split == 'test' and patient.str.startswith('person1_')")
    assert count_of(app) == len(patients) > 0
    assert dict(app.query_params).keys() == {"view", "point"}


@pytest.mark.usefixtures("missing_dataset")
def test_pages_hold_24_tiles_and_a_new_filter_returns_to_the_first():
    app = open_explorer(view="Images", page="2")
    names = sorted(predictions().query("split == 'test'")["file"])
    assert tiles(app) == [name.rsplit(".", 1)[0] for name in names[24:48]]

    app.text_input(key="name_part").set_value("virus").run()
    assert len(tiles(app)) == 24
    assert tiles(app)[0] == min(name for name in names if "virus" in name).rsplit(".", 1)[0]


@pytest.mark.usefixtures("missing_dataset")
def test_without_matching_images_the_page_says_so():
    app = open_explorer(view="Images")
    app.text_input(key="name_part").set_value("no such file").run()
    assert count_of(app) == 0
    assert NO_MATCH_TEXT in info_texts(app)
    assert tiles(app) == []


@pytest.mark.usefixtures("missing_dataset")
def test_training_images_are_marked():
    app = open_explorer(view="Images", split="training")
    assert page_text(app).count(SPLIT_MARKS["training"]) == 24


def test_images_unknown_to_the_release_are_reported(sample_dataset):
    (sample_dataset / "test" / "NORMAL" / "mine.png").write_bytes(phantom_file())
    app = open_explorer()
    (warning,) = app.warning
    assert warning.value == ("1 image in the data set folder is not shown, because this release has no results for it.")
    assert count_of(app) == 24


# --- audit, and similar cases of an upload


@pytest.mark.usefixtures("missing_dataset")
def test_the_audit_is_shown_with_the_images_that_it_lists():
    app = open_explorer(view="Audit")
    assert "All 5,856 images can be read." in page_text(app)
    assert "person1413_bacteria_3615" in tiles(app)
    (duplicates,) = app.dataframe
    assert len(duplicates.value) == len(load_release_data(load_release()).dataset_audit["duplicates"])


@pytest.mark.usefixtures("missing_dataset")
def test_similar_cases_of_an_upload_have_labels_and_distances():
    app = open_expander(upload(open_page()), "similar_cases")
    assert not app.exception
    box = by_label(app.expander, SIMILAR_CASES_TITLE)
    text = "\n".join(element.value for element in (*box.markdown, *box.caption))
    assert re.search(r"Labelled PNEUMONIA: \*\*\d\*\* of the 5 most similar training images", text)
    assert len(re.findall(r"distance \d\.\d{3}", text)) == 5
    assert NEAR_DUPLICATE not in [warning.value for warning in app.warning]
    assert SAME_IMAGE_TEXT not in text


@pytest.mark.usefixtures("missing_dataset")
def test_a_copy_of_a_training_image_is_marked_among_similar_cases(monkeypatch):
    real = SimilarCaseIndex.nearest

    def nearest_is_duplicate(*args):
        first, *others = real(*args)
        return [replace(first, is_duplicate=True), *others]

    monkeypatch.setattr(SimilarCaseIndex, "nearest", nearest_is_duplicate)
    app = open_expander(upload(open_page()), "similar_cases")
    assert NEAR_DUPLICATE in [warning.value for warning in app.warning]
    assert page_text(app).count(SAME_IMAGE_TEXT) == 1


@pytest.mark.usefixtures("missing_dataset")
def test_similar_cases_are_searched_only_when_their_box_is_open(monkeypatch):
    searches = []
    real = SimilarCaseIndex.nearest
    monkeypatch.setattr(SimilarCaseIndex, "nearest", lambda *args: searches.append(1) or real(*args))
    app = upload(open_page())
    assert SIMILAR_CASES_TITLE in [expander.label for expander in app.expander]
    assert not searches
    open_expander(app, "similar_cases")
    assert searches
