"""One labelled picture in detail, as the explorer shows it."""

from dataclasses import replace

import pytest

import ui.explorer.image_detail
import ui.resources
from dataset.explorer.catalogue import build_catalogue
from model.codes import RefusalReason, code_sentence
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex
from model.performance.release_data import load_release_data
from model.performance.tables import similar_cases_sentence
from tests.support.explorer import PAGE, empty_folder, explorer, press, some_pictures, tiles  # noqa: F401 (fixtures)
from tests.support.gates import OpenGate, ShutGate, with_heat
from tests.support.pages import no_cache_of_another_test, opened, with_open, words  # noqa: F401 (a fixture)
from tests.support.synthetic import phantom_file
from ui.similar_cases import SIMILAR_CASES_TITLE


@pytest.mark.usefixtures("some")
def test_a_tile_opens_the_detail_with_viewer_facts_and_similar_cases():
    app = explorer(order="lowest probability first")
    first = tiles(app)[0]
    press(app, first)

    assert app.subheader[0].value.startswith(first)
    assert len(app.get("bidi_component")) == 1
    assert SIMILAR_CASES_TITLE in [heading.value for heading in app.subheader]
    assert similar_cases_sentence(load_release_data(load_release()).metrics["neighbours"]) in words(app)
    assert len(tiles(app)) >= 5
    assert "1 of 24" in words(app)


@pytest.mark.usefixtures("some")
def test_next_and_previous_turn_over_in_the_order_of_the_gallery_and_back_leads_to_it():
    app = explorer(order="random", seed="7")
    shown = tiles(app)
    press(app, shown[3])
    press(app, "Next")
    assert app.subheader[0].value.startswith(shown[4])
    press(press(app, "Previous"), "Previous")
    assert app.subheader[0].value.startswith(shown[2])
    press(app, "Back to the pictures")
    assert tiles(app) == shown


@pytest.mark.usefixtures("some")
def test_similar_cases_are_of_other_patients_and_of_training():
    app = explorer()
    press(app, "IM-0001-0001")
    near = [name for name in tiles(app) if name != "IM-0001-0001"][-5:]
    known = load_release_data(load_release()).predictions.set_index("file")
    assert {known.loc[f"{name}.jpeg", "split"] for name in near} == {"training"}


@pytest.mark.usefixtures("some")
def test_similar_cases_leave_the_patient_out_also_of_a_film_that_is_named_by_its_place(monkeypatch):
    asked = []
    nearest = SimilarCaseIndex.nearest

    def noted(index, embedding, fingerprint, group):
        asked.append(group)
        return nearest(index, embedding, fingerprint, group)

    monkeypatch.setattr(SimilarCaseIndex, "nearest", noted)
    monkeypatch.setattr(ui.resources, "catalogue", by_place)
    press(explorer(), "test/NORMAL/IM-0001-0001")
    assert asked == ["IM-0001"]


def by_place(predictions, records, point, conformal):
    """The catalogue, as if other films had the name of the first too."""
    known = predictions["file"] != "IM-0001-0001.jpeg"
    named = predictions["file"].where(known, "test/NORMAL/IM-0001-0001.jpeg")
    return build_catalogue(predictions.assign(file=named), records, point, conformal)


def test_a_broken_picture_is_told_on_its_tile_and_in_its_detail(some):
    (some / "test" / "NORMAL" / "IM-0001-0001.jpeg").write_bytes(phantom_file("JPEG")[:300])
    app = opened()
    app.switch_page(PAGE)
    app.run()
    assert "This picture is damaged or incomplete" in words(app)
    next(button for button in app.button if button.label == "IM-0001-0001").click()
    app.run()
    assert not app.exception
    assert app.error[0].value.startswith("This picture is damaged or incomplete")


@pytest.mark.usefixtures("some")
def test_a_picture_that_the_check_refuses_is_not_explained_and_says_why(monkeypatch):
    monkeypatch.setattr(ui.resources, "Gate", ShutGate)
    app = explorer()
    next(button for button in app.button if button.label == "IM-0001-0001").click().run()
    assert not app.exception
    assert [error.value for error in app.error] == [
        f"**The check refuses this picture, so it is not explained.** {code_sentence(RefusalReason.CROPPED)}"
    ]
    assert not app.get("bidi_component")
    assert SIMILAR_CASES_TITLE not in [heading.value for heading in app.subheader]
    assert "Read this one" in [button.label for button in app.button]


@pytest.mark.usefixtures("some")
def test_the_heat_map_of_a_picture_is_checked_once_while_it_is_open_and_said_to_be_unreliable_where_it_is(monkeypatch):
    checked = []
    with_heat(monkeypatch, 0.5)
    monkeypatch.setattr(ui.explorer.image_detail, "reliability_warnings", lambda *_: checked.append(1) or ("why",))
    monkeypatch.setattr(ui.resources, "Gate", OpenGate)
    app = explorer()
    press(app, tiles(app)[0]).run()
    assert not app.exception
    assert len(checked) == 1
    assert [warning.value for warning in app.warning if "not reliable" in warning.value] == [
        "**The explanation for this picture is not reliable:** why. Do not go by the coloured areas."
    ]


@pytest.mark.usefixtures("some")
def test_a_file_that_is_read_in_another_way_than_the_copy_that_was_measured_is_told(monkeypatch):
    monkeypatch.setattr(ui.resources, "Gate", OpenGate)
    app = explorer()
    press(app, tiles(app)[0])
    (told,) = [info.value for info in app.info if info.value.startswith("The file on this computer gives")]
    assert "The figures above were measured on a copy of 224 x 224 pixels." in told


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("point", "said"),
    [("rule-out", "Indeterminate: refer to a radiologist"), ("balanced", "No sign of pneumonia found")],
)
def test_who_cannot_see_the_picture_is_told_the_verdict_of_the_chosen_operating_point(monkeypatch, point, said):
    seen = []
    monkeypatch.setattr(ui.explorer.image_detail, "radiograph_viewer", lambda *_, alt, **__: seen.append(alt))
    monkeypatch.setattr(ui.resources, "Gate", OpenGate)
    real = Classifier.finding_from
    monkeypatch.setattr(Classifier, "finding_from", lambda *given: replace(real(*given), probability=0.2))
    app = explorer(point=point)
    press(app, tiles(app)[0])
    assert said in seen[-1]


@pytest.mark.usefixtures("some")
def test_a_picture_carried_to_the_reading_page_has_no_similar_cases_of_its_own_patient_there(monkeypatch):
    monkeypatch.setattr(ui.resources, "Gate", OpenGate)
    app = explorer()
    press(press(app, "IM-0001-0001"), "Read this one")
    assert app.session_state["current_reading"].group == "IM-0001"

    asked = []
    nearest = SimilarCaseIndex.nearest
    monkeypatch.setattr(SimilarCaseIndex, "nearest", lambda *given: asked.append(given[-1]) or nearest(*given))
    with_open(app, "similar_cases")
    assert asked == ["IM-0001"]
