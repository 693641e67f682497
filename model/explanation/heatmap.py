"""Maps of a finding: colours, contour, overlay on the radiograph, and peak position. The release fixes the scale."""

import io
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image, PngImagePlugin
from scipy import ndimage

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
CONTOUR_COLOUR = (0, 229, 255)  # cyan: neither in the colour map nor in the radiograph
_CONTOUR_WIDTH = 1 / 250  # of the shorter side of the radiograph


class MapKind(StrEnum):
    """Map of a finding."""

    OPACITY_MAP = "opacity_map"
    GRAD_CAM = "grad_cam"


_MAP_NAMES = {MapKind.OPACITY_MAP: "Opacity map.", MapKind.GRAD_CAM: "Grad-CAM."}  # in files, always in English


@dataclass(frozen=True, eq=False)
class FindingMap:
    """Map of a finding, to be drawn over its radiograph.

    Attributes:
        kind: What the map shows.
        values: float32 (rows, columns), 0-1.
        contour: Value at which a contour is drawn, 0-1; None for a map without contour.
    """

    kind: MapKind
    values: np.ndarray
    contour: float | None = None

    def colours(self) -> np.ndarray:
        """Return red, green, blue and opacity for values 0-1 in 256 steps: uint8 (256, 4), 0-255.

        Values of a map with a contour are transparent up to half the contour: probabilities so low are no finding.
        """
        return colour_map(self.contour / 2 if self.contour else 0.0)


def finding_maps(finding: Finding) -> list[FindingMap]:
    """Return the maps of a finding in the order in which they are shown: the opacity map, if there is one, is first."""
    grad_cam = FindingMap(MapKind.GRAD_CAM, finding.heat_map)
    if finding.opacity_map is None:
        return [grad_cam]
    return [FindingMap(MapKind.OPACITY_MAP, finding.opacity_map, finding.opacity_contour), grad_cam]


def colour_map(transparent_up_to: float = 0.0) -> np.ndarray:
    """Return red, green, blue and opacity for heat-map values 0-1 in 256 steps: uint8 (256, 4), 0-255.

    Args:
        transparent_up_to: Values up to this one, 0-1, have no colour.
    """
    values = np.linspace(0, 1, 256)
    colours = [np.interp(values, _ANCHORS, _COLOURS[:, channel]) for channel in range(3)]
    opacity = 255 * OPACITY * np.clip((values - transparent_up_to) / 0.35, 0, 1)
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


def overlay_png(radiograph: Radiograph, finding: Finding, kind: str | None = None) -> bytes:
    """Return a PNG of the radiograph with a map of a finding, at the size of the radiograph.

    A text chunk, always in English, contains the research notice, the map if there are several, the cautions and, if
    the image was read despite a refusal, its reasons.

    Args:
        radiograph: Radiograph of the finding.
        finding: Finding with the map.
        kind: `MapKind` of the map to draw; by default, or if the finding has no such map, the one that is shown first.
    """
    maps = finding_maps(finding)
    drawn = next((each for each in maps if each.kind == kind), maps[0])
    values = upsample_to_image(drawn.values, finding.heat_map_box, radiograph.height, radiograph.width)
    image = overlay(radiograph.pixels, values, drawn.colours())
    if drawn.contour is not None:
        image[contour_line(values, drawn.contour)] = CONTOUR_COLOUR
    names = [_MAP_NAMES[drawn.kind]] if len(maps) > 1 else []
    refusals = [f"Read despite refusal: {reason}." for reason in finding.refusals]
    cautions = [f"Caution: {caution}." for caution in finding.cautions]
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", " ".join([RESEARCH_NOTICE, *names, *refusals, *cautions]))
    text.add_text("Software", f"Chest X-ray reader, model {finding.model_version}")
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", pnginfo=text, compress_level=1)
    return buffer.getvalue()


def contour_line(values: np.ndarray, contour: float) -> np.ndarray:
    """Return the line around the areas at or above a value.

    Args:
        values: float32 (height, width), 0-1, at the size of the radiograph.
        contour: Value on the line, 0-1.

    Returns:
        bool (height, width). The line lies inside the areas and closes them at the edges of the image.
    """
    inside = values >= contour
    width = max(1, round(_CONTOUR_WIDTH * min(values.shape)))
    line: np.ndarray = inside & ~ndimage.binary_erosion(inside, iterations=width)
    return line


def overlay(pixels: np.ndarray, heat_map: np.ndarray, colour_table: np.ndarray | None = None) -> np.ndarray:
    """Blend the colours of a heat map with a radiograph.

    Args:
        pixels: float32 (height, width), 0-255.
        heat_map: float32 (height, width), 0-1.
        colour_table: uint8 (256, 4), see `colour_map`, the default.

    Returns:
        uint8 (height, width, 3).
    """
    table = colour_map() if colour_table is None else colour_table
    colours = table[(heat_map * 255).round().astype(np.uint8)].astype(np.float32)
    opacity = colours[..., 3:] / 255
    blended = pixels[..., np.newaxis] * (1 - opacity) + colours[..., :3] * opacity
    image: np.ndarray = blended.round().astype(np.uint8)
    return image
