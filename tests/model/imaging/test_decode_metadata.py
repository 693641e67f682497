"""What a file says beside its pixels: the orientation is followed, all else passed over."""

import io
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from model.imaging.decode import decode
from tests.support.image_files import chunk, exif, noise, png, same, saved, smooth, with_exif


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation, kind, order):
    data = exif(orientation, order, kind)
    stored = noise(33, 47)
    in_png = decode(png(stored, 8, 0, chunk(b"eXIf", data)))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(png(stored, 8, 0, chunk(b"eXIf", data)))))
    same(in_png, np.asarray(upright))
    jpeg = with_exif(saved(Image.fromarray(stored.astype(np.uint8))), data)
    same(decode(jpeg), np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(jpeg)))))


@pytest.mark.parametrize(
    "data",
    [b"", b"II", b"MM\0*\0\0\0\x08", b"II*\0\xff\xff\xff\xff", exif(0), exif(9), exif(6)[:-9], b"\xff" * 99],
)
def test_orientation_that_cannot_be_read_counts_as_upright(data):
    same(decode(png(noise(33, 47), 8, 0, chunk(b"eXIf", data))), noise(33, 47))
    assert decode(with_exif(saved(Image.fromarray(smooth())), data)).pixels.shape == smooth().shape


def test_notes_are_never_parsed_nor_warned_about():
    content = saved(Image.fromarray(smooth()))
    bad = [b"\xff\xe2\0\x0aMPF\0\xff\xff\xff\xff", b"\xff\xe1\0\x0cExif\0\0\xff\xff\xff\xff", b"\xff\xfe\0\4\xff\xff"]
    bomb = chunk(b"zTXt", b"Note\0\0" + zlib.compress(bytes(5_000_000))) + chunk(b"iCCP", b"\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(decode(content[:2] + b"".join(bad) + content[2:]), decode(content).pixels)
        same(decode(png(noise(32, 32), 8, 0, bomb)), noise(32, 32))
