"""The radiograph viewer: the browser receives the preview and the maps once and does everything else itself.

Streamlit calls this module on every rerun; viewer.js runs in the browser. One message holds the whole image::

    4 bytes   length of the header, little endian
    header    JSON: key, alt, texts, width, height, image and overlay (digests), png (bytes), maps (kind, rows, columns
              and contour of each; the first is shown until the user chooses another), box (edges of the part that the
              maps cover, relative), scale ([width of the image in millimetres, text next to the bar] or null), boxes
              (edges of boxes that people drew, relative), boxes_note (text)
    png       grey preview
    each map: values    float32 little endian, rows x columns
              colours   uint8, 256 x 4, red green blue alpha

The message consists of raw bytes, because JSON would need base64, which is a third larger and decoded on the browser's
main thread. If a rerun changes nothing, the message is byte-identical. The browser compares the digests and decodes
nothing twice. It sends back only which map the user chose.
"""

import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from model.imaging.geometry import RelativeBox
from ui.images import encode_png
from ui.viewer.texts import viewer_texts

MAX_PREVIEW_SIDE = 1600  # pixels; about the resolution of an ordinary, non-diagnostic ward monitor; about 1 MB as PNG

_FOLDER = Path(__file__).parent
# Registered at import, and so once per process, because Streamlit warns if a name is registered twice.
_component = st.components.v2.component(
    "radiograph_viewer",
    html=(_FOLDER / "viewer.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "viewer.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "viewer.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class ScaleBar:
    """Scale of an image.

    Attributes:
        width_millimetres: Width of the image in millimetres.
        text: Text next to the bar, such as the plane in which the scale is valid.
    """

    width_millimetres: float
    text: str


@dataclass(frozen=True, eq=False)
class ViewerMap:
    """Map over the radiograph.

    Attributes:
        kind: Name of the map's legend in viewer.js: "heat_map", "opacity_map" or "grad_cam".
        values: float32 (rows, columns), 0-1 on the fixed scale of the release.
        colours: uint8 (256, 4), colour and alpha; the index is the value of the map times 255.
        contour: Value at which a contour is drawn, 0-1; None for a map without contour.

    Raises:
        ValueError: An array has the wrong shape or values out of range.
    """

    kind: str
    values: np.ndarray
    colours: np.ndarray
    contour: float | None = None

    def __post_init__(self) -> None:
        has_shape = self.colours.shape == (256, 4) and self.colours.dtype == np.uint8
        _validate("colours", self.colours, has_shape, "uint8", ("256", "4"), maximum=255)
        has_shape = self.values.ndim == 2 and self.values.size > 0
        _validate("values", self.values, has_shape, "float32", ("rows", "columns"), maximum=1)

    def header(self) -> dict[str, str | int | float | None]:
        """Return the entry in the header of the message."""
        rows, columns = self.values.shape
        return {"kind": self.kind, "rows": rows, "columns": columns, "contour": self.contour}

    def content(self) -> bytes:
        """Return values and colours as in the message."""
        return np.ascontiguousarray(self.values, dtype="<f4").tobytes() + np.ascontiguousarray(self.colours).tobytes()


@dataclass(frozen=True)
class DrawnBoxes:
    """Boxes that people drew on an image.

    Attributes:
        boxes: The boxes.
        note: What they are and who drew them.
    """

    boxes: tuple[RelativeBox, ...]
    note: str


def preview_size(height: int, width: int) -> tuple[int, int]:
    """Return height and width of the preview: those of the image, reduced so that no side exceeds the limit."""
    scale = min(1.0, MAX_PREVIEW_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def encode_preview(pixels: np.ndarray) -> bytes:
    """Encode a radiograph as the grey PNG that the browser shows.

    Values are rounded to 8 bits, and large images are reduced with antialiasing. The screen therefore says "preview".

    Args:
        pixels: float32 (height, width), 0-255, bright = dense.

    Raises:
        ValueError: The shape is wrong or values are out of range.
    """
    _validate("pixels", pixels, pixels.ndim == 2 and pixels.size > 0, "float32", ("height", "width"), maximum=255)
    height, width = preview_size(*pixels.shape)
    preview = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    if (height, width) != pixels.shape:
        # Nearly as sharp as Lanczos, but without its ringing, which draws dark lines along bright ones.
        preview = preview.resize((width, height), Image.Resampling.HAMMING)
    return encode_png(np.clip(np.rint(np.asarray(preview)), 0, 255).astype(np.uint8))


def show_radiograph(
    pixels: np.ndarray,
    maps: Sequence[ViewerMap],
    box: RelativeBox,
    *,
    alt: str,
    key: str,
    scale: ScaleBar | None = None,
    drawn: DrawnBoxes | None = None,
    is_read: bool = True,
) -> None:
    """Draw a radiograph with its maps in the viewer. Window, zoom, pan and opacity are never sent back to Python.

    Args:
        pixels: float32 (height, width), 0-255, bright = dense.
        maps: Maps to choose from, at most one of each kind; () if there is nothing to show.
        box: Part of the radiograph that the maps cover.
        alt: The finding as text, for users who cannot see the image.
        key: Unique on the page. The user's view settings are kept while the same key shows the same image.
        scale: Scale of the radiograph, for the scale bar; None if unknown.
        drawn: Boxes to outline, which the user can hide; None if there are none.
        is_read: Whether the model read the image. If not, the viewer does not say that there is no evidence.

    Raises:
        ValueError: The pixels have the wrong shape or values out of range.
    """
    digest, png = _cached_preview(pixels, key)
    map_headers, map_bytes = [each.header() for each in maps], b"".join(each.content() for each in maps)
    height, width = preview_size(*pixels.shape)
    texts = viewer_texts()
    header = {
        "key": key,
        "alt": alt,
        "texts": texts if is_read else texts | {"no_evidence": texts["not_read"]},
        "image": digest,
        "overlay": hashlib.sha256(map_bytes + repr((map_headers, box)).encode()).hexdigest(),
        "width": width,
        "height": height,
        "png": len(png),
        "maps": map_headers,
        "box": astuple(box),
        "scale": scale and astuple(scale),
        "boxes": [astuple(each) for each in drawn.boxes] if drawn else [],
        "boxes_note": drawn.note if drawn else "",
    }
    header_bytes = json.dumps(header).encode()
    data = b"".join((struct.pack("<I", len(header_bytes)), header_bytes, png, map_bytes))
    _component(key=key, data=data, on_kind_change=partial(_remember_choice, key))


def chosen_kind(key: str) -> str | None:
    """Return the kind of map that the user chose in the viewer with this key; None if the first is shown."""
    kind: str | None = st.session_state.get(_choice_key(key))
    return kind


def _remember_choice(key: str) -> None:
    """Keep the choice while the viewer is not on the page, as the browser does: Streamlit forgets it."""
    st.session_state[_choice_key(key)] = st.session_state[key]["kind"]


def _choice_key(key: str) -> str:
    return f"_radiograph_kind_{key}"


def _cached_preview(pixels: np.ndarray, key: str) -> tuple[str, bytes]:
    """Return digest and PNG of an image. It is encoded again only if the image under this key has changed.

    The cache is the session, which belongs to one user, and never st.cache_data, which all users share. Images are
    compared by content, not by identity, because an array may be reused for the next patient's image.
    """
    content = hashlib.sha256(np.ascontiguousarray(pixels).data)
    content.update(repr((pixels.shape, pixels.dtype)).encode())
    digest = content.hexdigest()
    cache_key = f"_radiograph_preview_{key}"
    cached: tuple[str, bytes] | None = st.session_state.get(cache_key)
    if cached is None or cached[0] != digest:
        cached = digest, encode_preview(pixels)
        st.session_state[cache_key] = cached
    return cached


def _validate(
    name: str, values: np.ndarray, has_shape: bool, dtype: str, dimensions: tuple[str, str], *, maximum: int
) -> None:
    """Check an array. An array displayed incorrectly could be mistaken for a finding, so raise ValueError."""
    if not has_shape or not (np.min(values) >= 0 and np.max(values) <= maximum):  # NaN fails both comparisons
        raise ValueError(
            f"{name} must be {dtype} ({', '.join(dimensions)}), 0-{maximum}; "
            f"got {values.dtype} {values.shape} with the wrong shape or values out of range."
        )
