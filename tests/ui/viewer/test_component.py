"""The Python side of the viewer: encoding, cache in the session, message to the browser."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from streamlit.testing.v1 import AppTest

import ui.viewer.component
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from tests.support.synthetic import synthetic_radiograph
from tests.support.viewer import decode_grey_png
from tests.support.viewer_page import PART, colour_table, synthetic_heat_map
from ui.viewer.component import MAX_PREVIEW_SIDE, DrawnBoxes, encode_preview, preview_size, show_radiograph


@given(height=st.integers(1, 20_000), width=st.integers(1, 20_000))
def test_preview_keeps_proportions_and_limit(height, width):
    rows, columns = preview_size(height, width)

    assert 1 <= max(rows, columns) <= MAX_PREVIEW_SIDE
    scale = min(1, MAX_PREVIEW_SIDE / max(height, width))
    assert abs(rows - height * scale) <= 1
    assert abs(columns - width * scale) <= 1


@pytest.mark.slow
@settings(max_examples=25)
@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.floats(0, 255, width=32))
)
def test_small_images_keep_their_greys(pixels):
    grey = decode_grey_png(encode_preview(pixels))

    assert grey.shape == pixels.shape
    assert np.abs(grey - pixels).max() <= 0.5


def test_large_images_are_reduced_with_antialiasing():
    stripes = np.zeros((100, 2 * MAX_PREVIEW_SIDE), dtype=np.float32)
    stripes[:, ::2] = 200

    grey = decode_grey_png(encode_preview(stripes))

    assert grey.shape == (50, MAX_PREVIEW_SIDE)
    assert np.abs(grey[:, 2:-2] - 100.0).max() <= 1  # the mean of both stripes


@pytest.mark.parametrize(
    "pixels", [np.full((3, 3), np.nan), np.full((3, 3), 256), np.zeros((3, 3, 1)), np.zeros((0, 3))]
)
def test_invalid_pixels_raise(pixels):
    with pytest.raises(ValueError, match=r"pixels must be float32 \(height, width\), 0-255; got"):
        encode_preview(pixels.astype(np.float32))


@pytest.mark.parametrize(
    "heat_map", [np.full((7, 7), np.nan), np.full((7, 7), 1.01), np.full((7, 7), -0.1), np.zeros(49)]
)
def test_invalid_heat_maps_raise(heat_map):
    with pytest.raises(ValueError, match=r"heat_map must be float32 \(rows, columns\), 0-1; got"):
        show_radiograph(
            synthetic_radiograph(), heat_map.astype(np.float32), WHOLE_IMAGE, colour_table(), alt="", key="k"
        )


@pytest.mark.slow
def test_an_image_is_encoded_once_and_only_the_latest_is_cached(monkeypatch):
    encoded = []
    monkeypatch.setattr(
        ui.viewer.component, "encode_preview", lambda pixels: encoded.append(1) or encode_preview(pixels)
    )
    app = AppTest.from_function(_run_page, default_timeout=30).run()
    app.button(key="rerun").click().run()
    assert len(encoded) == 1

    app.checkbox(key="other_image").check().run()

    assert len(encoded) == 2
    digest, png = app.session_state["_radiograph_preview_viewer"]
    assert len(digest) == 64
    assert (decode_grey_png(png) == np.rint(255 - synthetic_radiograph())).all()
    assert not app.exception


def header_sent(monkeypatch, box: RelativeBox, heat_map: np.ndarray | None = None, **options) -> dict:
    """Return the header of the message to the browser for a map on this part."""
    messages = []
    monkeypatch.setattr(ui.viewer.component, "_component", lambda *, data, **_: messages.append(data))
    monkeypatch.setattr(ui.viewer.component, "_cached_preview", lambda *_: ("digest", b"png"))
    show_radiograph(synthetic_radiograph(), heat_map, box, colour_table(), alt="", key="k", **options)
    (data,) = messages
    (length,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + length])


@pytest.mark.parametrize("number_type", [float, np.float64])
def test_the_message_has_the_part_that_the_map_covers(monkeypatch, number_type):
    edges = [0.1, 0.2, 0.8, 0.6]
    assert header_sent(monkeypatch, RelativeBox(*map(number_type, edges)))["box"] == edges


def test_the_same_map_on_another_part_is_another_overlay_of_the_same_image(monkeypatch):
    whole, part, repeated = (header_sent(monkeypatch, box, synthetic_heat_map()) for box in (WHOLE_IMAGE, PART, PART))
    assert whole["overlay"] != part["overlay"] == repeated["overlay"]
    assert whole["image"] == part["image"]


def test_the_message_has_the_boxes_that_people_drew_and_what_they_are(monkeypatch):
    assert header_sent(monkeypatch, WHOLE_IMAGE)["boxes"] == []
    header = header_sent(monkeypatch, WHOLE_IMAGE, drawn=DrawnBoxes((PART,), "By a radiologist"))
    assert header["boxes"] == [[PART.left, PART.top, PART.right, PART.bottom]]
    assert header["boxes_note"] == "By a radiologist"


def test_the_viewer_of_an_image_that_was_not_read_does_not_say_that_there_is_no_evidence(monkeypatch):
    texts = [header_sent(monkeypatch, WHOLE_IMAGE, is_read=is_read)["texts"] for is_read in (True, False)]
    assert texts[1]["no_evidence"] == texts[0]["not_read"] != texts[0]["no_evidence"]


def _run_page():
    from tests.support.viewer_page import page

    page()
