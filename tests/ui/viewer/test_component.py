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
from tests.support.viewer_page import PART, colour_table, opacity_map, synthetic_heat_map
from ui.viewer.component import (
    MAX_PREVIEW_SIDE,
    DrawnBoxes,
    ViewerMap,
    encode_preview,
    preview_size,
    show_radiograph,
)


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
    "values", [np.full((7, 7), np.nan), np.full((7, 7), 1.01), np.full((7, 7), -0.1), np.zeros(49)]
)
def test_invalid_maps_raise(values):
    with pytest.raises(ValueError, match=r"values must be float32 \(rows, columns\), 0-1; got"):
        ViewerMap("heat_map", values.astype(np.float32), colour_table())


def test_invalid_colours_raise():
    with pytest.raises(ValueError, match=r"colours must be uint8 \(256, 4\), 0-255; got"):
        ViewerMap("heat_map", synthetic_heat_map(), colour_table()[:, :3])


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


def message_sent(monkeypatch, box: RelativeBox, *maps: ViewerMap, **options) -> tuple[dict, bytes]:
    """Return the header of the message to the browser for maps on this part, and what follows the preview."""
    messages = []
    monkeypatch.setattr(ui.viewer.component, "_component", lambda *, data, **_: messages.append(data))
    monkeypatch.setattr(ui.viewer.component, "_cached_preview", lambda *_: ("digest", b"png"))
    show_radiograph(synthetic_radiograph(), maps, box, alt="", key="k", **options)
    (data,) = messages
    (length,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + length]), data[4 + length + len(b"png") :]


@pytest.mark.parametrize("number_type", [float, np.float64])
def test_the_message_has_the_part_that_the_map_covers(monkeypatch, number_type):
    edges = [0.1, 0.2, 0.8, 0.6]
    assert message_sent(monkeypatch, RelativeBox(*map(number_type, edges)))[0]["box"] == edges


def test_the_same_map_on_another_part_is_another_overlay_of_the_same_image(monkeypatch):
    heat_map = ViewerMap("heat_map", synthetic_heat_map(), colour_table())
    whole, part, repeated = (message_sent(monkeypatch, box, heat_map)[0] for box in (WHOLE_IMAGE, PART, PART))
    assert whole["overlay"] != part["overlay"] == repeated["overlay"]
    assert whole["image"] == part["image"]


def test_the_message_has_every_map_with_its_colours_and_contour(monkeypatch):
    first = ViewerMap("opacity_map", opacity_map(), colour_table(), contour=0.4)
    second = ViewerMap("grad_cam", synthetic_heat_map(), colour_table())
    header, content = message_sent(monkeypatch, WHOLE_IMAGE, first, second)

    assert header["maps"] == [
        {"kind": "opacity_map", "rows": 12, "columns": 12, "contour": 0.4},
        {"kind": "grad_cam", "rows": 7, "columns": 7, "contour": None},
    ]
    parts = (opacity_map(), colour_table(), synthetic_heat_map(), colour_table())
    assert content == b"".join(part.tobytes() for part in parts)
    assert header["overlay"] != message_sent(monkeypatch, WHOLE_IMAGE, second)[0]["overlay"]


def test_the_message_has_the_boxes_that_people_drew_and_what_they_are(monkeypatch):
    assert message_sent(monkeypatch, WHOLE_IMAGE)[0]["boxes"] == []
    header, _ = message_sent(monkeypatch, WHOLE_IMAGE, drawn=DrawnBoxes((PART,), "By a radiologist"))
    assert header["boxes"] == [[PART.left, PART.top, PART.right, PART.bottom]]
    assert header["boxes_note"] == "By a radiologist"


def test_the_viewer_of_an_image_that_was_not_read_does_not_say_that_there_is_no_evidence(monkeypatch):
    read, not_read = (message_sent(monkeypatch, WHOLE_IMAGE, is_read=is_read)[0]["texts"] for is_read in (True, False))
    assert not_read["no_evidence"] == read["not_read"] != read["no_evidence"]


def _run_page():
    from tests.support.viewer_page import page

    page()
