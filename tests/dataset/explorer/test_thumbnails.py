"""Thumbnails: size, aspect ratio and bounded cache."""

import io
import os

import numpy as np
import pytest
from PIL import Image

import dataset.explorer.thumbnails
from dataset.explorer.thumbnails import THUMBNAIL_SIDE, thumbnail
from model.errors import FileUnreadable
from tests.support.synthetic import synthetic_file


@pytest.fixture(autouse=True)
def empty_cache():
    dataset.explorer.thumbnails._thumbnail.cache_clear()


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content))).astype(int)


@pytest.mark.parametrize(("height", "width"), [(300, 400), (400, 300), (50, 50), (1600, 40)])
def test_thumbnail_is_a_square_jpeg_of_the_complete_image_on_black(tmp_path, height, width):
    path = tmp_path / "image.png"
    Image.new("L", (width, height), 200).save(path)
    content = thumbnail(path)
    thumb = pixels(content)

    assert Image.open(io.BytesIO(content)).format == "JPEG"
    assert thumb.shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    bright = thumb > 100
    rows, columns = bright.any(axis=1).sum(), bright.any(axis=0).sum()
    scale = THUMBNAIL_SIDE / max(height, width)
    assert (rows, columns) == pytest.approx((height * scale, width * scale), abs=2)
    assert thumb[bright].mean() == pytest.approx(200, abs=3)
    assert thumb[~bright].mean() < 30 if (~bright).any() else True


def test_thumbnail_is_cached_until_the_file_changes(tmp_path):
    path = tmp_path / "image.png"
    path.write_bytes(synthetic_file())
    assert thumbnail(path) is thumbnail(path)

    Image.new("L", (60, 60), 255).save(path)
    os.utime(path, ns=(1, 1))
    assert pixels(thumbnail(path)).min() > 200


@pytest.mark.slow
def test_cache_is_bounded(tmp_path):
    assert dataset.explorer.thumbnails._thumbnail.cache_info().maxsize == dataset.explorer.thumbnails.MAX_CACHED
    path = tmp_path / "image.png"
    path.write_bytes(synthetic_file(height=64, width=64))
    for second in range(dataset.explorer.thumbnails.MAX_CACHED + 20):
        os.utime(path, ns=(second, second))
        thumbnail(path)
    assert dataset.explorer.thumbnails._thumbnail.cache_info().currsize == dataset.explorer.thumbnails.MAX_CACHED


def test_unreadable_file_is_refused(tmp_path):
    path = tmp_path / "image.png"
    path.write_bytes(synthetic_file()[:200])
    with pytest.raises(FileUnreadable):
        thumbnail(path)
