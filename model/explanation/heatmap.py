"""Heat map: colour map, overlay on the radiograph, and peak position. The release fixes the scale."""

import io

import numpy as np
from PIL import Image, PngImagePlugin

from model.imaging.geometry import RelativeBox, resize
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding
from model.translation import N_

RESEARCH_NOTICE = N_("Research use only, not a medical device.")
OPACITY = 0.45  # of the strongest colours; the radiograph remains visible

# The upper two thirds of the inferno colour map: even the weakest evidence differs from grey, and brightness increases
# with evidence. Opacity starts at 0, so areas without evidence have no colour.
_ANCHORS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_COLOURS = np.array([(120, 28, 109), (187, 55, 84), (237, 105, 37), (251, 180, 26), (252, 255, 164)])


def colour_map() -> np.ndarray:
    """Return red, green, blue and opacity for heat-map values 0-1 in 256 steps: uint8 (256, 4), 0-255."""
    values = np.linspace(0, 1, 256)
    colours = [np.interp(values, _ANCHORS, _COLOURS[:, channel]) for channel in range(3)]
    opacity = 255 * OPACITY * np.clip(values / 0.35, 0, 1)
    return np.stack([*colours, opacity], axis=1).round().astype(np.uint8)


def upsample_to_image(heat_map: np.ndarray, box: RelativeBox, height: int, width: int) -> np.ndarray:
    """Upsample a heat map to the size of the radiograph.

    Args:
        heat_map: float32 (rows, columns), 0-1.
        box: Part of the radiograph that the heat map covers.
        height: Number of rows of the radiograph.
        width: Number of columns of the radiograph.

    Returns:
        float32 (height, width), 0-1, bilinear between the centres of the cells; 0 outside the box.
    """
    left, top, right, bottom = (round(edge) for edge in box.to_pixels(height, width))
    upsampled = np.zeros((height, width), np.float32)
    if right > left and bottom > top:  # in a small image, a box may be thinner than a pixel
        inside = resize(np.ascontiguousarray(heat_map, np.float32), bottom - top, right - left)
        upsampled[top:bottom, left:right] = np.clip(inside, 0, 1)
    return upsampled


def peak_position(heat_map: np.ndarray, box: RelativeBox) -> tuple[float, float] | None:
    """Return the centre of the hottest cell.

    Args:
        heat_map: float32 (rows, columns), 0-1.
        box: Part of the radiograph that the heat map covers.

    Returns:
        Row and column as fractions (0-1) of the radiograph's height and width; None if the map is all zeros.
    """
    if not heat_map.any():
        return None
    row, column = np.unravel_index(heat_map.argmax(), heat_map.shape)
    rows, columns = heat_map.shape
    down, across = box.bottom - box.top, box.right - box.left
    return box.top + down * (row + 0.5) / rows, box.left + across * (column + 0.5) / columns


def overlay_png(radiograph: Radiograph, finding: Finding) -> bytes:
    """Return a PNG of the radiograph with the heat map of a finding, at the size of the radiograph.

    A text chunk, always in English, contains the research notice, the cautions and, if the image was read despite a
    refusal, its reasons.
    """
    heat_map = upsample_to_image(finding.heat_map, finding.heat_map_box, radiograph.height, radiograph.width)
    refusals = [f"Read despite refusal: {reason}." for reason in finding.refusals]
    cautions = [f"Caution: {caution}." for caution in finding.cautions]
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", " ".join([RESEARCH_NOTICE, *refusals, *cautions]))
    text.add_text("Software", f"Chest X-ray reader, model {finding.model_version}")
    buffer = io.BytesIO()
    Image.fromarray(overlay(radiograph.pixels, heat_map)).save(buffer, "PNG", pnginfo=text, compress_level=1)
    return buffer.getvalue()


def overlay(pixels: np.ndarray, heat_map: np.ndarray) -> np.ndarray:
    """Blend the colours of a heat map with a radiograph.

    Args:
        pixels: float32 (height, width), 0-255.
        heat_map: float32 (height, width), 0-1.

    Returns:
        uint8 (height, width, 3).
    """
    colours = colour_map()[(heat_map * 255).round().astype(np.uint8)].astype(np.float32)
    opacity = colours[..., 3:] / 255
    blended = pixels[..., np.newaxis] * (1 - opacity) + colours[..., :3] * opacity
    image: np.ndarray = blended.round().astype(np.uint8)
    return image
