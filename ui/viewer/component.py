"""The radiograph viewer: the browser receives the preview and the heat map once and does everything else itself.

Streamlit calls this module on every rerun; viewer.js runs in the browser. One message holds the whole image::

    4 bytes   length of the header, little endian
    header    JSON: key, alt, texts, width, height, image and overlay (digests), png (bytes), map ([rows, columns] or
              null), box (edges of the part that the map covers, relative), scale ([width of the image in millimetres,
              text next to the bar] or null), boxes (edges of boxes that people drew, relative), boxes_note (text)
    png       grey preview
    map       float32 little endian, rows x columns, absent if map is null
    colours   uint8, 256 x 4, red green blue alpha

The message consists of raw bytes, because JSON would need base64, which is a third larger and decoded on the browser's
main thread. If a rerun changes nothing, the message is byte-identical. The browser compares the digests and decodes
nothing twice.
"""

import hashlib
import json
import struct
from dataclasses import astuple, dataclass
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
    heat_map: np.ndarray | None,
    box: RelativeBox,
    colours: np.ndarray,
    *,
    alt: str,
    key: str,
    scale: ScaleBar | None = None,
    drawn: DrawnBoxes | None = None,
    is_read: bool = True,
) -> None:
    """Draw a radiograph with its heat map in the viewer. Window, zoom, pan and opacity are never sent back to Python.

    Args:
        pixels: float32 (height, width), 0-255, bright = dense.
        heat_map: float32 (rows, columns), 0-1 on the fixed scale of the release; None without positive evidence.
        box: Part of the radiograph that the map covers.
        colours: uint8 (256, 4), colour and alpha; the index is the value of the heat map times 255.
        alt: The finding as text, for users who cannot see the image.
        key: Unique on the page. The user's view settings are kept while the same key shows the same image.
        scale: Scale of the radiograph, for the scale bar; None if unknown.
        drawn: Boxes to outline, which the user can hide; None if there are none.
        is_read: Whether the model read the image. If not, the viewer does not say that there is no evidence.

    Raises:
        ValueError: An array has the wrong shape or values out of range.
    """
    has_shape = colours.shape == (256, 4) and colours.dtype == np.uint8
    _validate("colours", colours, has_shape, "uint8", ("256", "4"), maximum=255)
    if heat_map is not None:
        has_shape = heat_map.ndim == 2 and heat_map.size > 0
        _validate("heat_map", heat_map, has_shape, "float32", ("rows", "columns"), maximum=1)
    digest, png = _cached_preview(pixels, key)
    map_bytes = b"" if heat_map is None else np.ascontiguousarray(heat_map, dtype="<f4").tobytes()
    colour_bytes = np.ascontiguousarray(colours).tobytes()
    height, width = preview_size(*pixels.shape)
    texts = viewer_texts()
    header = {
        "key": key,
        "alt": alt,
        "texts": texts if is_read else texts | {"no_evidence": texts["not_read"]},
        "image": digest,
        "overlay": hashlib.sha256(map_bytes + colour_bytes + repr(box).encode()).hexdigest(),
        "width": width,
        "height": height,
        "png": len(png),
        "map": None if heat_map is None else list(heat_map.shape),
        "box": astuple(box),
        "scale": scale and astuple(scale),
        "boxes": [astuple(each) for each in drawn.boxes] if drawn else [],
        "boxes_note": drawn.note if drawn else "",
    }
    header_bytes = json.dumps(header).encode()
    data = b"".join((struct.pack("<I", len(header_bytes)), header_bytes, png, map_bytes, colour_bytes))
    _component(key=key, data=data)


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
