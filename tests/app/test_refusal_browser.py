"""Wrong pictures of every kind in a real browser: none is read, and the shell says the same."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.inference.lung_segmentation import LungSegmenter
from model.inference.release_loader import load_release
from tests.support.browser import IDLE, READY, choose
from tests.support.landing_page import all_rows, landing_tab, landing_window, shell  # noqa: F401 (fixtures)
from tests.support.synthetic import phantom
from training.admission.corrupted_films import NegativeExample, corrupted_versions
from training.admission.out_of_distribution import out_of_distribution_images

pytestmark = pytest.mark.browser


def wrong_pictures() -> list[NegativeExample]:
    """One of each family that the check is measured on; its films are those of the phantom."""
    film, lungs = phantom(height=480, width=560), load_release().lungs
    found = LungSegmenter(lungs.network, lungs.side).segment(film)
    rng = np.random.default_rng(3)
    return [
        *corrupted_versions(film.round().astype(np.uint8), found, "phantom", rng),
        *out_of_distribution_images(True, 1, rng),
    ]


def saved(negatives: list[NegativeExample], folder: Path) -> list[Path]:
    paths = [folder / f"{number:02} {negative.family}.png" for number, negative in enumerate(negatives)]
    for path, negative in zip(paths, negatives, strict=True):
        Image.fromarray(negative.picture).save(path)
    return paths


def test_no_kind_of_wrong_picture_is_read_in_the_browser_or_in_the_shell(tab, tmp_path):
    paths = saved(wrong_pictures(), tmp_path)
    assert len(paths) == 20
    for number, path in enumerate(paths, start=1):
        choose(tab, path, number)
        assert tab.get_by_test_id("stAlert").filter(has_text="Not read").count() == 1, path.name
        assert tab.get_by_test_id("stMetricValue").count() == 0
        picture = tab.get_by_role("img", name="The refused picture.")
        assert picture.evaluate("one => one.naturalWidth") > 100

    header, *rows = all_rows(tab, len(paths))[1].decode().splitlines()
    expected, *printed = shell(tmp_path, *(path.name for path in paths)).splitlines()
    assert (header, rows[::-1]) == (expected, printed)


def test_a_film_on_its_head_is_put_right_at_a_click_and_every_export_says_so(tab, tmp_path):
    Image.fromarray(np.rot90(phantom().round().astype(np.uint8), 2)).save(tmp_path / "film.png")
    choose(tab, tmp_path / "film.png", 1)
    tab.get_by_role("button", name="Turn by 180°").click()
    tab.locator(READY).wait_for()
    tab.wait_for_selector(IDLE)
    tab.get_by_text("Turned by 180° at your wish, then checked again and read.").wait_for()
    assert ",remedied," in all_rows(tab, 1)[1].decode()
