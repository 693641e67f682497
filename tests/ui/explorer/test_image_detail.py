"""Detail of a labelled image in the explorer."""

import math
from dataclasses import replace
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

import ui.explorer.image_detail
import ui.explorer.image_viewer
import ui.resources
from dataset.explorer.catalogue import build_catalogue
from model.codes import Caution, HeatMapWarning, Population, RefusalReason, SplitName
from model.inference.classifier import Classifier
from model.inference.decision import Verdict
from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex
from model.messages import MessageCode
from model.performance.release_data import load_release_data
from model.performance.similar_cases import similar_cases_sentence
from model.sentences import render_codes
from tests.support.explorer import PAGE, open_explorer, press, tiles
from tests.support.gates import OpenGate, ShutGate, with_heat
from tests.support.pages import by_label, open_expander, open_page, page_text, read_upload, viewers
from tests.support.populations import children_rules
from tests.support.synthetic import phantom_file
from ui.explorer.image_detail import BACK_LABEL, READ_LABEL, REFUSED_TEXT
from ui.explorer.image_viewer import SQUARE_COPY_TEXT
from ui.reading.heatmap_check import UNRELIABLE_TEXT, WARNING_TEXTS
from ui.similar_cases import SIMILAR_CASES_TITLE
from ui.verdicts import VERDICT_NAMES

pytestmark = pytest.mark.slow


def headings(app: AppTest) -> list[str]:
    return [subheader.value for subheader in app.subheader]


@pytest.mark.usefixtures("sample_dataset")
def test_a_tile_opens_the_detail_with_viewer_facts_and_similar_cases():
    app = open_explorer(order="lowest probability first")
    first = tiles(app)[0]
    press(app, first)

    assert f"{first}.jpeg" in headings(app)
    assert len(viewers(app)) == 1
    assert SIMILAR_CASES_TITLE in headings(app)
    assert similar_cases_sentence(load_release_data(load_release()).metrics["similar_cases"]) in page_text(app)
    assert len(tiles(app)) >= 5
    assert "1 of 24" in page_text(app)


@pytest.mark.usefixtures("sample_dataset")
def test_next_and_previous_follow_the_order_of_the_gallery():
    app = open_explorer(order="random", seed="7")
    order = tiles(app)
    press(app, order[3])
    press(app, "Next")
    assert f"{order[4]}.jpeg" in headings(app)
    press(press(app, "Previous"), "Previous")
    assert f"{order[2]}.jpeg" in headings(app)
    press(app, BACK_LABEL)
    assert tiles(app) == order


@pytest.mark.usefixtures("sample_dataset")
def test_similar_cases_are_training_images():
    app = open_explorer()
    press(app, "IM-0001-0001")
    similar = [name for name in tiles(app) if name != "IM-0001-0001"][-5:]
    predictions = load_release_data(load_release()).predictions.set_index("file")
    assert {predictions.loc[f"{name}.jpeg", "split"] for name in similar} == {"training"}


@pytest.mark.usefixtures("sample_dataset")
def test_similar_cases_leave_the_patient_out_for_an_image_named_by_its_path(monkeypatch):
    groups = record_groups(monkeypatch)
    monkeypatch.setattr(ui.resources, "build_catalogue", catalogue_with_path)
    press(open_explorer(), "test/NORMAL/IM-0001-0001")
    assert groups == ["IM-0001"]


def record_groups(monkeypatch) -> list[str | None]:
    """Return a list that grows by the patient group left out at each search for similar cases."""
    groups = []
    real_nearest = SimilarCaseIndex.nearest

    def nearest(index, embedding, fingerprint, group):
        groups.append(group)
        return real_nearest(index, embedding, fingerprint, group)

    monkeypatch.setattr(SimilarCaseIndex, "nearest", nearest)
    return groups


def catalogue_with_path(predictions, images, point, conformal):
    """Build a catalogue in which one image is named by its path, as if another image had the same file name."""
    is_other = predictions["file"] != "IM-0001-0001.jpeg"
    files = predictions["file"].where(is_other, "test/NORMAL/IM-0001-0001.jpeg")
    return build_catalogue(predictions.assign(file=files), images, point, conformal)


def test_a_damaged_image_is_reported_on_its_tile_and_in_its_detail(sample_dataset):
    (sample_dataset / "test" / "NORMAL" / "IM-0001-0001.jpeg").write_bytes(phantom_file("JPEG")[:300])
    app = open_page()
    app.switch_page(PAGE)
    app.run()
    damaged = render_codes((MessageCode.FILE_DAMAGED,))
    assert damaged in page_text(app)
    by_label(app.button, "IM-0001-0001").click().run()
    assert not app.exception
    assert [error.value for error in app.error] == [damaged]


@pytest.mark.usefixtures("sample_dataset")
def test_a_refused_image_is_not_explained_and_the_reason_is_shown(monkeypatch):
    monkeypatch.setattr(ui.resources, "AdmissionGate", ShutGate)
    app = open_explorer()
    by_label(app.button, "IM-0001-0001").click().run()
    assert not app.exception
    assert [error.value for error in app.error] == [REFUSED_TEXT.format(reason=render_codes((RefusalReason.CROPPED,)))]
    assert not viewers(app)
    assert SIMILAR_CASES_TITLE not in [heading.value for heading in app.subheader]
    assert READ_LABEL in [button.label for button in app.button]


@pytest.mark.usefixtures("sample_dataset")
def test_an_unreliable_heat_map_is_reported_after_one_check(monkeypatch):
    checked = []
    reason = HeatMapWarning.INSIDE_LUNGS
    with_heat(monkeypatch, 0.5)
    monkeypatch.setattr(ui.explorer.image_detail, "reliability_warnings", lambda *_: checked.append(1) or (reason,))
    monkeypatch.setattr(ui.resources, "AdmissionGate", OpenGate)
    app = open_explorer()
    press(app, tiles(app)[0]).run()
    assert not app.exception
    assert len(checked) == 1
    warning = UNRELIABLE_TEXT.format(reasons=WARNING_TEXTS[reason])
    assert warning in [warning.value for warning in app.warning]


@pytest.mark.usefixtures("sample_dataset")
def test_a_file_that_gives_a_different_result_from_the_measured_copy_is_reported(monkeypatch):
    monkeypatch.setattr(ui.resources, "AdmissionGate", OpenGate)
    app = open_explorer()
    press(app, tiles(app)[0])
    (note,) = [info.value for info in app.info if info.value.startswith("The file on this computer gives")]
    assert "The results above were measured on a 224 x 224-pixel copy of the image." in note


@pytest.mark.usefixtures("sample_dataset")
def test_a_square_copy_of_an_image_that_is_not_square_is_reported():
    app = open_explorer()
    press(app, tiles(app)[0])
    assert SQUARE_COPY_TEXT.format(side=224) in [caption.value for caption in app.caption]


def test_an_image_with_its_original_proportions_has_no_note(sample_dataset):
    (path,) = sample_dataset.rglob("IM-0001-0001.jpeg")
    path.write_bytes(phantom_file("JPEG", 300, 400))
    app = open_explorer()
    press(app, "IM-0001-0001")
    assert not [caption.value for caption in app.caption if caption.value.startswith("Shown at ")]


@pytest.mark.usefixtures("sample_dataset")
@pytest.mark.parametrize(("split", "is_shown"), [(SplitName.TEST, True), (SplitName.TRAINING, False)])
def test_the_near_duplicate_caution_is_hidden_for_training_images(monkeypatch, split, is_shown):
    monkeypatch.setattr(ui.resources, "AdmissionGate", NearDuplicateGate)
    monkeypatch.setattr(ui.resources, "build_catalogue", partial(catalogue_of_one_split, split))
    app = open_explorer(split=str(split))
    press(app, "IM-0001-0001")
    caution = render_codes((Caution.NEAR_DUPLICATE,))
    assert (caution in [warning.value for warning in app.warning]) == is_shown


class NearDuplicateGate(OpenGate):
    """Admits every image with the caution that it is a near-duplicate of a training image."""

    def _cautions(self, *_):
        return (Caution.NEAR_DUPLICATE,)


def catalogue_of_one_split(split, predictions, *args):
    """Build a catalogue in which all images belong to one split."""
    return build_catalogue(predictions.assign(split=str(split)), *args)


@pytest.mark.usefixtures("sample_dataset")
@pytest.mark.parametrize(
    ("point", "verdict"),
    [("rule-out", VERDICT_NAMES[Verdict.INDETERMINATE]), ("balanced", VERDICT_NAMES[Verdict.NORMAL])],
)
def test_the_text_alternative_uses_the_selected_operating_point(monkeypatch, point, verdict):
    alt_texts = []
    monkeypatch.setattr(ui.explorer.image_viewer, "show_radiograph", lambda *_, alt, **__: alt_texts.append(alt))
    monkeypatch.setattr(ui.resources, "AdmissionGate", OpenGate)
    real, calibration = Classifier.finding_from, children_rules(load_release()).calibration
    logit = (math.log(0.2 / 0.8) - calibration.intercept) / calibration.slope
    monkeypatch.setattr(Classifier, "finding_from", lambda *args: replace(real(*args), logit=logit))
    app = open_explorer(point=point)
    press(app, tiles(app)[0])
    assert verdict in alt_texts[-1]


@pytest.mark.usefixtures("sample_dataset")
def test_an_image_opened_on_the_reading_page_has_no_similar_cases_of_its_patient(monkeypatch):
    monkeypatch.setattr(ui.resources, "AdmissionGate", OpenGate)
    app = open_explorer()
    press(press(app, "IM-0001-0001"), READ_LABEL)
    assert read_upload(app).file.patient_group == "IM-0001"
    assert read_upload(app).file.population is Population.CHILDREN  # as labelled, so no age is needed

    groups = record_groups(monkeypatch)
    open_expander(app, "similar_cases")
    assert groups == ["IM-0001"]
