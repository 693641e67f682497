"""Shifts of the validation pictures: each does one thing, always the same, and framings make framing alike."""

import numpy as np
import pytest
from PIL import Image

from model.box import Box
from tests.synthetic import synthetic_radiograph
from training.stress import framings, shifts

LUNGS = Box(0.3, 0.2, 0.7, 0.9)


def film(side: int = 224) -> Image.Image:
    return Image.fromarray(synthetic_radiograph(side, side).round().astype(np.uint8))


def changes() -> dict:
    return {name: lambda picture, shift=shift: shift(picture) for name, shift in shifts().items()} | {
        name: lambda picture, framing=framing: framing(picture, LUNGS) for name, framing in framings().items()
    }


@pytest.mark.parametrize("name", changes())
def test_a_shift_keeps_size_and_depth_and_leaves_the_picture_given_alone(name):
    picture = film()

    shifted = changes()[name](picture)

    assert (shifted.size, shifted.mode) == (picture.size, "L")
    assert np.array_equal(picture, film())


@pytest.mark.parametrize("name", changes())
def test_a_shift_changes_a_picture_and_always_in_the_same_way(name):
    grain = np.random.default_rng(1).integers(-20, 20, (224, 224))
    picture = Image.fromarray((np.asarray(film(), int) + grain).clip(0, 255).astype(np.uint8))

    first, second = (np.asarray(changes()[name](picture)) for _ in range(2))

    assert np.array_equal(first, second)
    assert not np.array_equal(first, picture)


def test_an_even_framing_shows_the_lungs_alike_however_they_were_framed():
    close = film()
    wide = Image.new("L", (448, 448), 90)
    wide.paste(close, (100, 150))
    found_in_wide = Box(
        *((edge * 224 + at) / 448 for edge, at in zip((0.3, 0.2, 0.7, 0.9), (100, 150) * 2, strict=True))
    )
    even = framings()["framing: lungs, even margin"]

    of_close = np.asarray(even(close, LUNGS), float)
    of_wide = np.asarray(even(wide, found_in_wide).resize((224, 224)), float)

    assert np.abs(of_close - of_wide).mean() < 2
    assert np.abs(of_close - np.asarray(close)).mean() > 10


def test_beyond_the_picture_its_border_goes_on():
    picture = Image.new("L", (64, 64), 70)
    framed = framings()["framing: lungs, even margin"](picture, Box(0.0, 0.0, 1.0, 1.0))
    assert set(np.unique(framed)) == {70}


def test_uneven_margins_differ_from_picture_to_picture():
    uneven = framings()["framing: lungs, uneven margins"]
    columns = np.tile(np.arange(224, dtype=np.uint8), (224, 1))
    first, second = (np.asarray(uneven(Image.fromarray(columns + np.uint8(n)), LUNGS), int) - n for n in (0, 1))
    assert np.abs(first - second).max() > 5
