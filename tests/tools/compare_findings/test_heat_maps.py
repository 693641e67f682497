"""Comparison of heat maps, overlays and other files."""

import numpy as np
import pytest
from PIL import Image

from tests.support.fake_checkout import reported_differences

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("array", "difference"),
    [
        (np.full((2, 3), -0.0, np.float32), "the values differ"),
        (np.zeros((3, 2), np.float32), "float32 (2, 3) in BEFORE, float32 (3, 2) in AFTER"),
        (np.zeros((2, 3)), "float32 (2, 3) in BEFORE, float64 (2, 3) in AFTER"),
    ],
    ids=["one bit", "shape", "dtype"],
)
def test_heat_maps_are_compared_bit_by_bit(run, after, capsys, array, difference):
    after.write_array("a.npy", array)
    assert run() == 1
    assert reported_differences(capsys) == [f"plain: a.npy: {difference}"]


def test_heat_maps_may_be_stored_in_a_different_memory_order(run, after):
    after.write_array("a.npy", np.asfortranarray(np.zeros((2, 3), np.float32)))
    assert run() == 0


def test_overlays_are_compared_by_pixels(run, after, capsys):
    overlay = Image.new("RGB", (3, 2), (1, 2, 3))
    after.write_image("a.png", overlay, compress_level=0)
    assert run() == 0
    overlay.putpixel((2, 1), (1, 2, 4))
    after.write_image("a.png", overlay)
    assert run() == 1
    assert reported_differences(capsys) == ["plain: a.png: the values differ"]


@pytest.mark.parametrize("name", ["a.npy", "a.png"])
@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"\x93NUMPY"])
def test_broken_heat_map_file_is_a_difference(run, after, capsys, name, content):
    after.map_path(name).write_bytes(content)
    assert run() == 1
    [difference] = reported_differences(capsys)
    assert difference.startswith(f"plain: {name}: cannot be decoded (")


def test_missing_and_additional_heat_maps_are_differences(run, after, capsys):
    after.map_path("a.npy").rename(after.map_path("c.npy"))
    assert run() == 1
    assert reported_differences(capsys) == ["plain: a.npy: not written by AFTER", "plain: c.npy: not written by BEFORE"]


def test_other_files_are_compared_by_bytes(run, before, after, capsys):
    before.map_path("a.txt").write_text("one")
    after.map_path("a.txt").write_text("two")
    assert run() == 1
    assert reported_differences(capsys) == ["plain: a.txt: the bytes differ"]
