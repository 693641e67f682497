"""What the reading page does with a picture that must not be read: why, what was seen, and the two ways on."""

import base64
import io
import re
import shutil

import numpy as np
import pytest
from PIL import Image

import ui.resources
from model.codes import Caution, RefusalReason, code_sentence
from model.explanation.heatmap import overlay_png
from model.inference.finding_rows import to_csv
from model.inference.lung_segmentation import LungSegmenter
from model.inference.release_loader import RELEASE_DIR, load_release
from tests.support.gates import ShutGate
from tests.support.pages import no_cache_of_another_test, opened, upload  # noqa: F401 (a fixture)
from tests.support.synthetic import phantom
from ui.reading.caution_text import SHORT_TEXTS
from ui.reading.finding_panel import alt_text
from ui.reading.refusal_panel import ANOTHER_MODEL_TEXT, LUNGS_TEXT, NO_LUNGS_TEXT


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def press(app, label: str):
    return next(button for button in app.button if button.label == label).click().run()


def labels(app) -> list[str]:
    return [button.label for button in app.button]


def picture(app) -> str:
    (body,) = [html.proto.body for html in app.get("html") if "The refused picture" in html.proto.body]
    return body


@pytest.fixture
def shut(monkeypatch):
    """Every picture is taken for a part of a film."""
    monkeypatch.setattr(ui.resources, "Gate", ShutGate)


def test_a_turned_film_is_not_read_and_the_page_says_why_and_how_to_put_it_right():
    app = upload(opened(), content=png(np.rot90(phantom(), 2)))
    assert [error.value for error in app.error] == [f"**Not read.** {code_sentence(RefusalReason.ROTATED)}"]
    assert not app.metric
    assert not app.subheader
    assert "Turn by 180°" in labels(app)
    assert list(app.dataframe[0].value["status"]) == ["refused"]
    assert app.session_state["readings"][0].refusal["reason_code"] == "rotated"


@pytest.mark.parametrize(
    ("wrong", "offer", "done"),
    [
        (np.rot90(phantom(), 2), "Turn by 180°", "Turned by 180°"),
        (np.rot90(phantom()), "Turn by 90° clockwise", "Turned by 90° clockwise"),
        (255 - phantom(), "Swap black and white", "Black and white swapped"),
    ],
)
def test_one_click_puts_a_film_right_reads_it_and_says_that_it_did(wrong, offer, done):
    upright = upload(opened(), content=png(phantom())).session_state["current_reading"]
    app = press(upload(opened(), content=png(wrong)), offer)
    reading = app.session_state["current_reading"]

    assert not app.exception
    assert not app.error
    assert app.info[0].value == f"**{done}** at your wish, then checked again and read."
    assert reading.finding.probability == pytest.approx(upright.finding.probability, abs=1e-3)
    np.testing.assert_allclose(reading.preview.pixels, upright.preview.pixels, atol=1)
    assert list(app.dataframe[0].value["cautions"]) == [SHORT_TEXTS[Caution.CORRECTED]]
    assert len(app.session_state["readings"]) == 1
    assert ",remedied," in to_csv([reading.row(load_release())()])


@pytest.mark.usefixtures("shut")
def test_what_is_refused_is_read_anyway_only_at_a_click_and_everything_says_so():
    app = upload(opened())
    assert app.session_state["current_reading"].finding is None
    press(app, "Read anyway")
    reading = app.session_state["current_reading"]
    row, overlay = reading.row(load_release())(), Image.open(io.BytesIO(overlay_png(reading.preview, reading.finding)))

    assert [error.value for error in app.error] == [
        f"**Read although refused, at your wish.** {code_sentence(RefusalReason.CROPPED)}"
    ]
    assert app.metric
    assert (row["status"], row["read_anyway"], row["reason_code"]) == ("read", True, "cropped")
    assert "Read although refused: cropped." in overlay.text["Comment"]
    assert alt_text(reading.finding).startswith(
        f"Picture. Read although refused: {SHORT_TEXTS[RefusalReason.CROPPED]}. "
    )
    table = app.dataframe[0].value
    assert (list(table["read_anyway"]), list(table["reason"])) == ([True], [code_sentence(RefusalReason.CROPPED)])


@pytest.mark.usefixtures("shut")
def test_reading_anyway_holds_for_one_picture_and_not_for_the_next():
    app = upload(press(upload(opened()), "Read anyway"), "next.png")
    assert not app.metric
    assert list(app.dataframe[0].value["status"]) == ["refused", "read"]


@pytest.mark.usefixtures("shut")
def test_a_refused_picture_can_be_read_anyway_after_a_visit_to_another_page():
    app = upload(opened())
    app.switch_page("pages/About.py").run()
    app.switch_page("app.py").run()
    press(app, "Read anyway")
    assert app.metric


def test_a_file_that_cannot_be_opened_offers_no_way_on():
    app = upload(opened(), "letter.png", b"Dear colleague,")
    assert labels(app) == []
    assert not [expander for expander in app.expander if expander.label == "Read it all the same"]


@pytest.mark.usefixtures("shut")
def test_where_nothing_puts_it_right_no_step_is_offered():
    assert labels(upload(opened())) == ["Read anyway"]


def outlined(app) -> np.ndarray:
    """Where the picture on the page is not grey: bool (height, width)."""
    address = re.search(r'src="data:image/png;base64,([^"]+)"', picture(app))[1]
    return np.ptp(np.asarray(Image.open(io.BytesIO(base64.b64decode(address)))).astype(int), axis=2) > 0


@pytest.mark.usefixtures("shut")
def test_the_lungs_that_the_check_saw_are_outlined():
    app = upload(opened())
    edges = outlined(app)
    assert LUNGS_TEXT in picture(app)
    assert 0.005 < edges.mean() < 0.1
    assert edges[:, :200].any()
    assert edges[:, 200:].any()


@pytest.mark.usefixtures("shut")
def test_where_no_lungs_were_seen_it_says_so_and_nothing_is_outlined(monkeypatch):
    monkeypatch.setattr(LungSegmenter, "probability_map", lambda *_: np.zeros((20, 20), np.float32))
    app = upload(opened())
    assert NO_LUNGS_TEXT in picture(app)
    assert not outlined(app).any()


@pytest.mark.usefixtures("shut")
def test_what_another_model_checked_is_not_read_by_this_one():
    app = upload(opened())
    reading = app.session_state["current_reading"]
    reading.refusal["model_version"] = "0.0.1"
    app.run()
    assert labels(app) == []
    assert ANOTHER_MODEL_TEXT in [info.value for info in app.info]


def test_a_check_that_is_altered_lets_nothing_be_read(monkeypatch, tmp_path):
    broken = shutil.copytree(RELEASE_DIR, tmp_path / "release")
    (broken / "admission.npz").write_bytes(b"another")
    monkeypatch.setattr(ui.resources, "RELEASE_DIR", broken)
    app = opened()
    assert "admission.npz has changed" in app.error[0].value
    upload(app)
    assert "admission.npz has changed" in app.error[0].value
    assert not app.metric
    assert "readings" not in app.session_state
