"""Thumbnails: their size, proportions, and the bounded memory that keeps them."""

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
def nothing_kept():
    dataset.explorer.thumbnails._thumbnail.cache_clear()


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content))).astype(int)


@pytest.mark.parametrize(("height", "width"), [(300, 400), (400, 300), (50, 50), (1600, 40)])
def test_is_a_square_jpeg_with_the_picture_whole_and_black_beside_it(tmp_path, height, width):
    film = tmp_path / "film.png"
    Image.new("L", (width, height), 200).save(film)
    content = thumbnail(film)
    shown = pixels(content)

    assert Image.open(io.BytesIO(content)).format == "JPEG"
    assert shown.shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    bright = shown > 100
    rows, columns = bright.any(axis=1).sum(), bright.any(axis=0).sum()
    scale = THUMBNAIL_SIDE / max(height, width)
    assert (rows, columns) == pytest.approx((height * scale, width * scale), abs=2)
    assert shown[bright].mean() == pytest.approx(200, abs=3)
    assert shown[~bright].mean() < 30 if (~bright).any() else True


def test_is_made_once_and_again_when_the_file_changes(tmp_path):
    film = tmp_path / "film.png"
    film.write_bytes(synthetic_file())
    assert thumbnail(film) is thumbnail(film)

    Image.new("L", (60, 60), 255).save(film)
    os.utime(film, ns=(1, 1))
    assert pixels(thumbnail(film)).min() > 200


def test_no_more_than_a_bound_are_kept(tmp_path):
    assert dataset.explorer.thumbnails._thumbnail.cache_info().maxsize == dataset.explorer.thumbnails.MAX_CACHED
    film = tmp_path / "film.png"
    film.write_bytes(synthetic_file(height=64, width=64))
    for second in range(dataset.explorer.thumbnails.MAX_CACHED + 20):
        os.utime(film, ns=(second, second))
        thumbnail(film)
    assert dataset.explorer.thumbnails._thumbnail.cache_info().currsize == dataset.explorer.thumbnails.MAX_CACHED


def test_what_cannot_be_read_is_refused_in_words(tmp_path):
    film = tmp_path / "film.png"
    film.write_bytes(synthetic_file()[:200])
    with pytest.raises(FileUnreadable, match="damaged or incomplete"):
        thumbnail(film)
