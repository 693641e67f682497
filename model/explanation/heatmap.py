"""Lay the heat map over the radiograph it belongs to, on the release's one fixed scale."""

import io

import numpy as np
from PIL import Image, PngImagePlugin

from model.imaging.geometry import RelativeBox, resize
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding

RESEARCH_NOTICE = "Research use only, not a medical device."
OPACITY = 0.45  # of the strongest colours, so that the film shows through

# Colours of the map, value by value: inferno from its red third upwards, so that the weakest evidence already differs
# from grey and every step is brighter than the last; opacity rises from nothing, so that no evidence is no colour.
_ANCHORS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_COLOURS = np.array([(120, 28, 109), (187, 55, 84), (237, 105, 37), (251, 180, 26), (252, 255, 164)])


def colour_map() -> np.ndarray:
    """uint8 (256, 4): red, green, blue, opacity (0-255) of a map value times 255."""
    values = np.linspace(0, 1, 256)
    colours = [np.interp(values, _ANCHORS, _COLOURS[:, channel]) for channel in range(3)]
    opacity = 255 * OPACITY * np.clip(values / 0.35, 0, 1)
    return np.stack([*colours, opacity], axis=1).round().astype(np.uint8)


def upsample_to_image(heat_map: np.ndarray, box: RelativeBox, height: int, width: int) -> np.ndarray:
    """Lay a map on the part of the radiograph that it covers, at the radiograph's own size.

    Args:
        heat_map: float32 (rows, columns), 0-1.
        box: the part that the map covers.
        height: rows of the radiograph.
        width: columns of the radiograph.

    Returns:
        float32 (height, width), 0-1, bilinear between the centres of the map's cells; 0 outside the box.
    """
    left, top, right, bottom = (round(edge) for edge in box.to_pixels(height, width))
    laid = np.zeros((height, width), np.float32)
    if right > left and bottom > top:  # a box may be thinner than a pixel of a small picture
        inside = resize(np.ascontiguousarray(heat_map, np.float32), bottom - top, right - left)
        laid[top:bottom, left:right] = np.clip(inside, 0, 1)
    return laid


def peak_position(heat_map: np.ndarray, box: RelativeBox) -> tuple[float, float] | None:
    """Row and column of the hottest cell's centre, as shares (0-1) of the radiograph; None where nothing is hot."""
    if not heat_map.any():
        return None
    row, column = np.unravel_index(heat_map.argmax(), heat_map.shape)
    rows, columns = heat_map.shape
    down, across = box.bottom - box.top, box.right - box.left
    return box.top + down * (row + 0.5) / rows, box.left + across * (column + 0.5) / columns


def overlay_png(radiograph: Radiograph, finding: Finding) -> bytes:
    """The radiograph with a finding's map as a PNG of its own size.

    A text chunk says "research use only", the cautions, and why it should not have been read where that is so.
    """
    laid = upsample_to_image(finding.heat_map, finding.heat_map_box, radiograph.height, radiograph.width)
    text = PngImagePlugin.PngInfo()
    anyway = [f"Read although refused: {code}." for code in finding.refusals]
    text.add_text(
        "Comment", " ".join([RESEARCH_NOTICE, *anyway, *(f"Caution: {caution}." for caution in finding.cautions)])
    )
    text.add_text("Software", f"Chest radiograph reader, model {finding.model_version}")
    buffer = io.BytesIO()
    Image.fromarray(overlay(radiograph.pixels, laid)).save(buffer, "PNG", pnginfo=text, compress_level=1)
    return buffer.getvalue()


def overlay(pixels: np.ndarray, laid: np.ndarray) -> np.ndarray:
    """A radiograph's pixels, float32 (height, width), 0-255, under a map of the same size, 0-1: uint8 (.., .., 3)."""
    colours = colour_map()[(laid * 255).round().astype(np.uint8)].astype(np.float32)
    opacity = colours[..., 3:] / 255
    blended = pixels[..., np.newaxis] * (1 - opacity) + colours[..., :3] * opacity
    return blended.round().astype(np.uint8)
