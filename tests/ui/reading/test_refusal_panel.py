"""Refused images on the reading page: the reason, the outlined lungs, and the two ways to read them."""

import base64
import io
import re
import shutil

import numpy as np
import pytest
from PIL import Image

import ui.resources
from model.admission.decision import Correction
from model.codes import Caution, RefusalReason
from model.explanation.heatmap import overlay_png
from model.inference.finding_rows import to_csv
from model.inference.lung_segmentation import LungSegmenter
from model.inference.release_loader import RELEASE_DIR
from model.messages import MessageCode
from model.sentences import render_codes
from tests.support.gates import ShutGate
from tests.support.hostile_files import reason
from tests.support.pages import (
    open_page,
    press,
    read_upload,
    refused_upload,
    session_table,
    session_uploads,
    upload,
)
from tests.support.populations import default_settings
from tests.support.synthetic import phantom
from ui.reading.caution_text import short_text
from ui.reading.correction_text import button_label, correction_statement
from ui.reading.finding_panel import READ_DESPITE_REFUSAL, alt_text
from ui.reading.refusal_panel import (
    ANOTHER_MODEL_TEXT,
    DOUBTFUL_LUNGS_TEXT,
    LUNGS_TEXT,
    NO_LUNGS_TEXT,
    NOT_READ_TEXT,
    READ_ANYWAY,
)

pytestmark = pytest.mark.slow


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def button_labels(app) -> list[str]:
    return [button.label for button in app.button]


def refused_image_html(app) -> str:
    (body,) = [html.proto.body for html in app.get("html") if "The refused image" in html.proto.body]
    return body


@pytest.fixture
def refusing_gate(monkeypatch):
    """Refuse every image as cropped."""
    monkeypatch.setattr(ui.resources, "AdmissionGate", ShutGate)


def test_a_rotated_radiograph_is_refused_with_reason_and_correction():
    app = upload(open_page(), content=png(np.rot90(phantom(), 2)))
    assert [error.value for error in app.error] == [NOT_READ_TEXT.format(reason=render_codes([RefusalReason.ROTATED]))]
    assert not app.metric
    assert not app.subheader
    assert button_label(Correction(2, invert=False)) in button_labels(app)
    assert list(session_table(app)["status"]) == ["refused"]
    assert refused_upload(app).refusal["reason_code"] == "rotated"


@pytest.mark.parametrize(
    ("pixels", "correction"),
    [
        (np.rot90(phantom(), 2), Correction(2, invert=False)),
        (np.rot90(phantom()), Correction(1, invert=False)),
        (255 - phantom(), Correction(0, invert=True)),
    ],
)
def test_one_click_corrects_and_reads_a_radiograph(pixels, correction):
    upright = read_upload(upload(open_page(), content=png(phantom())))
    app = press(upload(open_page(), content=png(pixels)), button_label(correction))
    corrected = read_upload(app)

    assert not app.exception
    assert not app.error
    assert correction_statement(correction) in [info.value for info in app.info]
    assert corrected.finding.probability == pytest.approx(upright.finding.probability, abs=1e-3)
    np.testing.assert_allclose(corrected.image.preview.pixels, upright.image.preview.pixels, atol=1)
    assert list(session_table(app)["cautions"]) == [short_text(Caution.CORRECTED)]
    assert len(session_uploads(app)) == 1
    assert ",corrected," in to_csv([corrected.row(default_settings())])


@pytest.mark.usefixtures("refusing_gate")
def test_a_refused_image_is_read_anyway_only_after_a_click_and_page_row_and_overlay_say_so():
    app = upload(open_page())
    assert refused_upload(app)
    press(app, READ_ANYWAY)
    current = read_upload(app)
    row = current.row(default_settings())
    overlay = Image.open(io.BytesIO(overlay_png(current.image.preview, current.finding)))

    assert [error.value for error in app.error] == [
        READ_DESPITE_REFUSAL.format(reason=render_codes([RefusalReason.CROPPED]))
    ]
    assert app.metric
    assert (row["status"], row["read_anyway"], row["reason_code"]) == ("read", True, "cropped")
    assert "Read despite refusal: cropped." in overlay.text["Comment"]
    assert alt_text(current.finding).startswith(f"Image. Read despite refusal: {short_text(RefusalReason.CROPPED)}. ")
    table = session_table(app)
    assert (list(table["read_anyway"]), list(table["reason"])) == (["yes"], [render_codes([RefusalReason.CROPPED])])


@pytest.mark.usefixtures("refusing_gate")
def test_reading_anyway_applies_to_one_image_only():
    app = upload(press(upload(open_page()), READ_ANYWAY), "next.png")
    assert not app.metric
    assert list(session_table(app)["status"]) == ["refused", "read"]


@pytest.mark.usefixtures("refusing_gate")
def test_a_refused_image_can_still_be_read_after_a_visit_to_another_page():
    app = upload(open_page())
    app.switch_page("pages/About.py").run()
    app.switch_page("app.py").run()
    press(app, READ_ANYWAY)
    assert app.metric


def test_a_file_that_cannot_be_decoded_has_no_buttons():
    app = upload(open_page(), "letter.png", b"Dear colleague,")
    assert button_labels(app) == []
    assert not [expander for expander in app.expander if expander.label == READ_ANYWAY]


@pytest.mark.usefixtures("refusing_gate")
def test_without_a_correction_no_correction_is_offered():
    assert button_labels(upload(open_page())) == [READ_ANYWAY]


def outline(app) -> np.ndarray:
    """Return where the image on the page is not grey: bool (height, width)."""
    data = re.search(r'src="data:image/png;base64,([^"]+)"', refused_image_html(app))[1]
    return np.ptp(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int), axis=2) > 0


@pytest.mark.usefixtures("refusing_gate")
def test_the_lungs_are_outlined():
    app = upload(open_page())
    edges = outline(app)
    assert LUNGS_TEXT in refused_image_html(app)
    assert 0.005 < edges.mean() < 0.1
    assert edges[:, :200].any()
    assert edges[:, 200:].any()


def test_an_outline_without_two_lungs_is_not_called_lungs(monkeypatch):
    monkeypatch.setattr(ShutGate, "_refusals", lambda *_: ((RefusalReason.NO_LUNGS,), None))
    monkeypatch.setattr(ui.resources, "AdmissionGate", ShutGate)
    html = refused_image_html(upload(open_page()))
    assert DOUBTFUL_LUNGS_TEXT in html
    assert LUNGS_TEXT not in html


@pytest.mark.usefixtures("refusing_gate")
def test_without_lungs_nothing_is_outlined(monkeypatch):
    monkeypatch.setattr(LungSegmenter, "probability_map", lambda *_: np.zeros((20, 20), np.float32))
    app = upload(open_page())
    assert NO_LUNGS_TEXT in refused_image_html(app)
    assert not outline(app).any()


@pytest.mark.usefixtures("refusing_gate")
def test_an_image_checked_by_another_model_is_not_read():
    app = upload(open_page())
    refused_upload(app).refusal["model_version"] = "0.0.1"
    app.run()
    assert button_labels(app) == []
    assert ANOTHER_MODEL_TEXT in [info.value for info in app.info]


def test_with_a_changed_admission_file_no_file_can_be_uploaded(monkeypatch, tmp_path):
    broken = shutil.copytree(RELEASE_DIR, tmp_path / "release")
    (broken / "admission.npz").write_bytes(b"another")
    monkeypatch.setattr(ui.resources, "RELEASE_DIR", broken)
    app = open_page()
    changed = reason(MessageCode.RELEASE_FILE_CHANGED, file="admission.npz")
    assert changed in [error.value for error in app.error]
    assert not app.file_uploader
