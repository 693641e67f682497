"""Overlay file: the radiograph with its heat map, and the texts in the file."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from model.codes import Caution, Population, RefusalReason
from model.explanation.heatmap import CONTOUR_COLOUR, MapKind, colour_map, contour_line, overlay_png
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from model.imaging.radiograph import Radiograph
from model.inference.decision import OperatingPoint, Verdict
from model.inference.finding import Finding
from tests.support.synthetic import synthetic_radiograph

maps = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(0, 1, width=32))


def make_radiograph(height: int = 60, width: int = 80) -> Radiograph:
    return Radiograph(synthetic_radiograph(height, width), "PNG", 8)


def make_finding(heat_map: np.ndarray, box: RelativeBox = WHOLE_IMAGE) -> Finding:
    """Return a finding with this heat map."""
    point = OperatingPoint("of the test", 0.5, "by hand")
    return Finding(
        logit=1.0,
        population=Population.CHILDREN,
        probability=0.7,
        prevalence=0.75,
        verdict=Verdict.PNEUMONIA,
        operating_point=point,
        heat_map=heat_map,
        heat_map_box=box,
        embedding=np.zeros(3, np.float32),
        model_version="1.0",
    )


def overlay_of(radiograph: Radiograph, heat_map: np.ndarray, box: RelativeBox = WHOLE_IMAGE, **changes) -> bytes:
    """Return the overlay file of a finding with this heat map."""
    return overlay_png(radiograph, replace(make_finding(heat_map, box), **changes))


def decode_rgb(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def grey_rgb(radiograph: Radiograph) -> np.ndarray:
    return np.rint(radiograph.pixels).astype(int)[..., np.newaxis].repeat(3, axis=2)


@pytest.mark.parametrize(("height", "width"), [(60, 80), (33, 200), (200, 32), (1, 1)])
def test_the_overlay_has_the_size_of_the_radiograph(height, width):
    heat_map = np.random.default_rng(0).random((7, 7), dtype=np.float32)
    assert decode_rgb(overlay_of(make_radiograph(height, width), heat_map)).shape == (height, width, 3)


def test_the_overlay_file_contains_the_research_notice_and_the_model_version():
    image = Image.open(io.BytesIO(overlay_of(make_radiograph(), np.zeros((7, 7), np.float32), model_version="4.5.6")))

    assert image.format == "PNG"
    assert image.text == {
        "Comment": "Research use only, not a medical device.",
        "Software": "Chest X-ray reader, model 4.5.6",
    }


def test_the_overlay_file_contains_cautions_and_refusals():
    refusals = (RefusalReason.INVERTED, RefusalReason.ROTATED)
    blank = np.zeros((7, 7), np.float32)
    image = Image.open(
        io.BytesIO(overlay_of(make_radiograph(), blank, refusals=refusals, cautions=(Caution.CORRECTED,)))
    )
    assert image.text["Comment"] == (
        "Research use only, not a medical device. Read despite refusal: inverted. Read despite refusal: rotated. "
        "Caution: corrected."
    )


def test_without_evidence_the_overlay_is_the_radiograph():
    radiograph = make_radiograph()
    np.testing.assert_array_equal(
        decode_rgb(overlay_of(radiograph, np.zeros((7, 7), np.float32))), grey_rgb(radiograph)
    )


def test_only_pixels_with_evidence_are_coloured():
    heat_map = np.zeros((4, 4), np.float32)
    heat_map[0, 3] = 1  # top right
    radiograph = make_radiograph()
    blended, grey = decode_rgb(overlay_of(radiograph, heat_map)), grey_rgb(radiograph)

    strongest = colour_map()[255].astype(float)
    opacity = strongest[3] / 255
    np.testing.assert_allclose(
        blended[0, -1], radiograph.pixels[0, -1] * (1 - opacity) + strongest[:3] * opacity, atol=1
    )
    np.testing.assert_array_equal(blended[30:], grey[30:])
    np.testing.assert_array_equal(blended[:, :40], grey[:, :40])


def test_outside_its_box_the_overlay_is_the_radiograph():
    radiograph = make_radiograph(60, 80)
    blended = decode_rgb(
        overlay_of(radiograph, np.ones((4, 4), np.float32), RelativeBox(left=0.5, top=0.25, right=0.75, bottom=0.5))
    )
    differs = (blended != grey_rgb(radiograph)).any(axis=2)
    expected = np.zeros((60, 80), bool)
    expected[15:30, 40:60] = True
    np.testing.assert_array_equal(differs, expected)


def test_stronger_evidence_changes_the_radiograph_more():
    radiograph, cell = make_radiograph(), np.ones((1, 1), np.float32)
    differences = [
        np.abs(decode_rgb(overlay_of(radiograph, cell * value)) - grey_rgb(radiograph)).sum() for value in (0.1, 0.3, 1)
    ]
    assert 0 < differences[0] < differences[1] < differences[2]


# --- opacity map


def opacity_overlay(radiograph: Radiograph, kind: str | None = None, peak: float = 0.9) -> bytes:
    """Return the overlay of a finding with an opacity in the upper left and evidence in the lower right."""
    opacity_map, heat_map = np.zeros((2, 12, 12), np.float32)
    opacity_map[1:5, 1:5] = peak
    heat_map[8:, 8:] = 1
    finding = replace(make_finding(heat_map), opacity_map=opacity_map, opacity_contour=0.4)
    return overlay_png(radiograph, finding, kind)


def outline(image: np.ndarray) -> np.ndarray:
    """Return where an overlay has the colour of the contour, bool (height, width)."""
    return (image == CONTOUR_COLOUR).all(axis=2)


def test_the_opacity_map_is_drawn_first_with_its_contour_and_is_named_in_the_file():
    radiograph = make_radiograph(120, 120)
    first, chosen = (opacity_overlay(radiograph, kind) for kind in (None, MapKind.OPACITY_MAP))

    assert first == chosen
    image = decode_rgb(first)
    np.testing.assert_array_equal(image[80:, 80:], grey_rgb(radiograph)[80:, 80:])
    rows, columns = np.nonzero(outline(image))
    assert 5 <= rows.min() < rows.max() <= 55
    assert 5 <= columns.min() < columns.max() <= 55
    assert not outline(image)[25:35, 25:35].any()
    assert "Opacity map." in Image.open(io.BytesIO(first)).text["Comment"]


def test_the_class_activation_map_is_drawn_on_request_without_a_contour():
    radiograph = make_radiograph(120, 120)
    chosen = opacity_overlay(radiograph, MapKind.GRAD_CAM)

    image = decode_rgb(chosen)
    np.testing.assert_array_equal(image[:60, :60], grey_rgb(radiograph)[:60, :60])
    assert not outline(image).any()
    assert "Grad-CAM." in Image.open(io.BytesIO(chosen)).text["Comment"]


def test_probabilities_up_to_half_the_contour_have_no_colour():
    radiograph = make_radiograph(120, 120)
    np.testing.assert_array_equal(decode_rgb(opacity_overlay(radiograph, peak=0.2)), grey_rgb(radiograph))
    faint = decode_rgb(opacity_overlay(radiograph, peak=0.35))
    assert (faint != grey_rgb(radiograph)).any()
    assert not outline(faint).any()


@given(values=maps, contour=st.floats(0.01, 0.99))
def test_a_contour_lies_inside_the_area_and_closes_it(values, contour):
    inside, line = values >= contour, contour_line(values, contour)

    assert not (line & ~inside).any()
    padded = np.pad(inside, 1)
    neighbours = [padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]]
    at_edge = inside & ~np.logical_and.reduce(neighbours)
    np.testing.assert_array_equal(line, at_edge)  # the line is one pixel wide in images this small


@pytest.mark.slow
@given(heat_map=maps, grey=st.sampled_from([0, 0.5, 254.5, 255]))
def test_blending_never_overflows(heat_map, grey):
    flat = Radiograph(np.full((20, 30), grey, np.float32), "PNG", 8)
    blended = decode_rgb(overlay_of(flat, heat_map))  # a NaN or an overflow would warn, and warnings are errors
    colours = colour_map()[:, :3].astype(int)
    assert (blended >= np.minimum(colours.min(axis=0), int(grey))).all()
    assert (blended <= np.maximum(colours.max(axis=0), int(grey) + 1)).all()
