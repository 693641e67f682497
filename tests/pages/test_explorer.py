"""The dataset explorer as a person reads it: filters, tiles, the detail of a picture, overview and audit."""

import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex
from model.performance.release_data import load_release_data
from tests.support.explorer import empty_folder, explorer, press, some_pictures, tiles  # noqa: F401 (fixtures)
from tests.support.pages import no_cache_of_another_test, opened, upload, with_open, words  # noqa: F401 (a fixture)
from tests.support.synthetic import phantom_file
from ui.similar_cases import NOTE_TEXT, SAME_IMAGE_TEXT, SIMILAR_CASES_TITLE

NONE_HERE = "No labelled pictures are on this computer."


def found(app: AppTest) -> int:
    return int(re.search(r"\*\*([\d,]+)\*\* of 5,856 pictures", words(app))[1].replace(",", ""))


def rows():
    return load_release_data(load_release()).predictions


# --- without pictures


@pytest.mark.usefixtures("empty")
def test_without_pictures_it_begins_with_the_overview_and_offers_to_fetch_them():
    app = explorer()

    assert app.info[0].value.startswith(NONE_HERE)
    assert [button.label for button in app.button][:2] == ["24 sample pictures", "The whole set"]
    assert "Mean radiographs" in words(app)
    assert len(app.get("image")) == 6
    assert len(app.get("vega_lite_chart")) == 9


@pytest.mark.usefixtures("empty")
def test_without_pictures_a_tile_says_so_and_its_detail_tells_what_is_known():
    app = explorer(view="Pictures")
    assert words(app).count("Not on this computer") == 24

    press(app, "IM-0001-0001")
    assert "This picture is not on this computer." in app.info[0].value
    assert "Labelled **NORMAL**" in words(app)
    assert not [button for button in app.button if button.label == "Read this one"]


# --- filters


@pytest.mark.usefixtures("some")
def test_some_pictures_here_are_shown_alone_until_others_are_asked_for():
    app = explorer()
    assert found(app) == 24
    assert "Not on this computer" not in words(app)
    assert any(e.label.startswith("24 of 5,856 pictures are on this computer") for e in app.expander)

    app.toggle[0].set_value(False).run()
    assert found(app) == 624


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("address", "query"),
    [
        ({}, "split == 'test'"),
        ({"split": ["training", "validation"]}, "split != 'test'"),
        ({"class": "NORMAL"}, "split == 'test' and label == 'NORMAL'"),
        ({"cause": "viral", "split": "validation"}, "split == 'validation' and cause == 'viral'"),
        ({"p": ["20", "60"]}, "split == 'test' and 0.2 <= probability <= 0.6"),
    ],
)
def test_an_address_brings_its_filters(address, query):
    assert found(explorer(view="Pictures", **address)) == len(rows().query(query))


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("point", ["rule-out", "balanced", "rule-in"])
def test_outcomes_are_those_that_the_metrics_count_at_the_operating_point_of_the_address(point):
    metrics = load_release_data(load_release()).metrics["splits"]["test"]
    counted = {
        outcome: found(explorer(view="Pictures", classifier=outcome, point=point))
        for outcome in ("right", "wrong", "indeterminate")
    }
    indeterminate = metrics["conformal"]["indeterminate"][point].values()
    confusion = metrics["operating_points"][point]["confusion"]
    assert sum(counted.values()) == metrics["n"]
    assert counted["indeterminate"] == round(sum(share["value"] * share["n"] for share in indeterminate))
    assert counted["wrong"] <= confusion["fn"] + confusion["fp"] <= counted["wrong"] + counted["indeterminate"]


@pytest.mark.usefixtures("empty")
def test_file_name_and_patient_filter_too_and_stay_out_of_the_address():
    app = explorer(view="Pictures")
    app.text_input(key="name_part").set_value("NORMAL2-IM-0222").run()
    assert tiles(app) == ["NORMAL2-IM-0222-0001"]
    app.text_input(key="name_part").set_value("").run()
    app.text_input(key="patient_key").set_value("person1").run()
    patients = rows().query("split == 'test' and patient.str.startswith('person1_')")
    assert found(app) == len(patients) > 0
    assert dict(app.query_params).keys() == {"view", "point"}


@pytest.mark.usefixtures("empty")
def test_pages_hold_24_tiles_and_a_new_filter_begins_at_the_first():
    app = explorer(view="Pictures", page="2")
    names = sorted(rows().query("split == 'test'")["file"])
    assert tiles(app) == [name.rsplit(".", 1)[0] for name in names[24:48]]

    app.text_input(key="name_part").set_value("virus").run()
    assert len(tiles(app)) == 24
    assert tiles(app)[0] == min(name for name in names if "virus" in name).rsplit(".", 1)[0]


@pytest.mark.usefixtures("empty")
def test_nothing_found_is_said():
    app = explorer(view="Pictures")
    app.text_input(key="name_part").set_value("no such film").run()
    assert found(app) == 0
    assert app.info[1].value == "No picture fits all of these filters. Take one away."
    assert tiles(app) == []


@pytest.mark.usefixtures("empty")
def test_training_pictures_are_marked_as_learned_from():
    app = explorer(view="Pictures", split="training")
    assert words(app).count("learned from") == 24 + 1  # and once in the explanation


def test_pictures_that_the_release_does_not_know_are_told(some):
    (some / "test" / "NORMAL" / "mine.png").write_bytes(phantom_file())
    app = explorer()
    assert app.warning[0].value == (
        "Not shown are pictures in the folder of the set that this release was not measured on, for nothing is known "
        "of them: 1."
    )
    assert found(app) == 24


# --- audit, and similar cases of an upload


@pytest.mark.usefixtures("empty")
def test_the_audit_of_the_release_is_shown_with_the_pictures_that_it_names():
    app = explorer(view="Audit")
    assert "All 5,856 pictures can be read." in words(app)
    assert "person1413_bacteria_3615" in tiles(app)
    assert len(app.dataframe[0].value) == len(load_release_data(load_release()).data_audit["copies"])


@pytest.mark.usefixtures("empty")
def test_an_upload_has_similar_training_cases_with_labels_and_distance():
    app = with_open(upload(opened()), "similar_cases")
    assert not app.exception
    box = next(expander for expander in app.expander if expander.label == SIMILAR_CASES_TITLE)
    shown = "\n".join(element.value for element in (*box.markdown, *box.caption))
    assert re.search(r"Labelled PNEUMONIA among the 5 training pictures most like this one: \*\*\d\*\*", shown)
    assert len(re.findall(r"distance \d\.\d{3}", shown)) == 5
    assert NOTE_TEXT not in [warning.value for warning in app.warning]
    assert SAME_IMAGE_TEXT not in shown


@pytest.mark.usefixtures("empty")
def test_a_copy_of_a_training_film_is_marked_among_similar_cases(monkeypatch):
    real = SimilarCaseIndex.nearest

    def copied(*given):
        first, *others = real(*given)
        return [replace(first, same_film=True), *others]

    monkeypatch.setattr(SimilarCaseIndex, "nearest", copied)
    app = with_open(upload(opened()), "similar_cases")
    assert NOTE_TEXT in [warning.value for warning in app.warning]
    assert words(app).count(SAME_IMAGE_TEXT) == 1


@pytest.mark.usefixtures("empty")
def test_similar_cases_of_an_upload_are_looked_for_only_where_they_are_shown(monkeypatch):
    asked = []
    real = SimilarCaseIndex.nearest
    monkeypatch.setattr(SimilarCaseIndex, "nearest", lambda *given: asked.append(1) or real(*given))
    app = upload(opened())
    assert SIMILAR_CASES_TITLE in [expander.label for expander in app.expander]
    assert not asked
    with_open(app, "similar_cases")
    assert asked
