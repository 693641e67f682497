"""The radiograph viewer: grey preview and heat map go to the browser once, everything after that happens there.

Streamlit calls this module on every rerun; the browser's half is viewer.js. One message holds the whole picture::

    4 bytes   length of the header, little endian
    header    JSON: key, alt, width, height, picture and overlay (digests), png (bytes), map ([rows, columns] or null),
              box (edges of the part that the map covers, as shares), scale ([millimetres across the picture, words
              beside the bar] or null)
    png       grey preview
    map       float32 little endian, rows x columns, absent where map is null
    colours   uint8, 256 x 4, red green blue alpha

Raw bytes because JSON would need base64: a third more, decoded on the browser's main thread. On a rerun with nothing
changed the message is byte for byte the same, and the browser, which compares the digests, decodes nothing anew.
"""

import hashlib
import io
import json
import struct
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from model.imaging.geometry import RelativeBox

MAX_PREVIEW_SIDE = 1600  # pixels; about what a clinic's screen shows, and a megabyte or so of PNG

_FOLDER = Path(__file__).parent
# At import, so once per process: a second registration of the same name makes Streamlit warn.
_component = st.components.v2.component(
    "radiograph_viewer",
    html=(_FOLDER / "viewer.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "viewer.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "viewer.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class ScaleBar:
    """How large the picture is: millimetres across its width, and words for the scale bar, such as where they hold."""

    size_millimetres: float
    words: str


def preview_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the preview: the picture's own, or its proportions with the longest side at the limit."""
    scale = min(1.0, MAX_PREVIEW_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def encode_preview(pixels: np.ndarray) -> bytes:
    """Encode a radiograph as the grey PNG that the browser shows.

    pixels: float32 (height, width), 0-255, bright = dense. Values are rounded to 8 bits, and larger pictures are made
    smaller with antialiasing, which is why the viewer calls the result a preview.
    """
    _validate("pixels", pixels, pixels.ndim == 2 and pixels.size > 0, "float32 (height, width), 0-255", top=255)
    height, width = preview_size(*pixels.shape)
    picture = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    if (height, width) != pixels.shape:
        # Nearly as sharp as Lanczos and free of its ringing, which would draw a dark line beside each bright one.
        picture = picture.resize((width, height), Image.Resampling.HAMMING)
    grey = np.clip(np.rint(np.asarray(picture)), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG", compress_level=1)  # 6, the default, takes three times as long
    return file.getvalue()


def radiograph_viewer(
    pixels: np.ndarray,
    heat_map: np.ndarray | None,
    box: RelativeBox,
    colours: np.ndarray,
    *,
    alt: str,
    key: str,
    scale: ScaleBar | None = None,
) -> None:
    """Show a radiograph with its heat map; window, zoom, pan and opacity never come back to Python.

    pixels: float32 (height, width), 0-255, bright = dense.
    heat_map: float32 (rows, columns), 0-1 on the release's fixed scale, coarse; None where there is no positive
        evidence.
    box: the part of the picture that the map covers.
    colours: uint8 (256, 4), colour and alpha of heat_map = index / 255.
    alt: the finding in words, for those who cannot see the picture.
    key: unique on the page. What the user has set stays while the same key shows the same picture.
    scale: for a scale bar; None where it is unknown.
    """
    _validate("colours", colours, colours.shape == (256, 4) and colours.dtype == np.uint8, "uint8 (256, 4)", top=255)
    if heat_map is not None:
        _validate("heat_map", heat_map, heat_map.ndim == 2 and heat_map.size > 0, "float32 (rows, columns), 0-1", top=1)
    digest, png = _cached_preview(pixels, key)
    values = b"" if heat_map is None else np.ascontiguousarray(heat_map, dtype="<f4").tobytes()
    table = np.ascontiguousarray(colours).tobytes()
    height, width = preview_size(*pixels.shape)
    header = {
        "key": key,
        "alt": alt,
        "picture": digest,
        "overlay": hashlib.sha256(values + table + repr(box).encode()).hexdigest(),
        "width": width,
        "height": height,
        "png": len(png),
        "map": None if heat_map is None else list(heat_map.shape),
        "box": [box.left, box.top, box.right, box.bottom],
        "scale": scale and astuple(scale),
    }
    text = json.dumps(header).encode()
    _component(key=key, data=b"".join((struct.pack("<I", len(text)), text, png, values, table)))


def _cached_preview(pixels: np.ndarray, key: str) -> tuple[str, bytes]:
    """Digest and PNG of the picture, encoded again only when the picture under this key has changed.

    Kept in the session, which belongs to one user, and never in st.cache_data, which all users share. Recognised by
    content, not by identity: an array that was filled with the next patient's picture is still the same object.
    """
    content = hashlib.sha256(np.ascontiguousarray(pixels).data)
    content.update(repr((pixels.shape, pixels.dtype)).encode())
    digest = content.hexdigest()
    slot = f"_radiograph_preview_{key}"
    if slot not in st.session_state or st.session_state[slot][0] != digest:
        st.session_state[slot] = (digest, encode_preview(pixels))
    return st.session_state[slot]


def _validate(name: str, values: np.ndarray, shaped: bool, expected: str, *, top: float) -> None:
    """Refuse what cannot be shown as it is meant; a picture drawn from such values would look like a finding."""
    if not shaped or not (np.min(values) >= 0 and np.max(values) <= top):  # a NaN fails both comparisons
        raise ValueError(f"{name} must be {expected}; got {values.dtype} {values.shape}, out of shape or out of range.")
