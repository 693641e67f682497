"""Inadmissible images of every family in a real browser: none is read, as on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.admission.decision import Correction
from model.inference.lung_segmentation import LungSegmenter
from model.inference.release_loader import RELEASE_DIR, load_release
from model.release_files import ReleaseFile
from tests.support.browser import IDLE, READY, upload_file
from tests.support.landing_page import all_rows, command_line_csv
from tests.support.synthetic import phantom
from training.admission.corrupted_radiographs import NegativeExample, corrupted_versions
from training.admission.out_of_distribution import out_of_distribution_images
from ui.reading.correction_text import button_label, correction_statement

ROTATION = Correction(2, invert=False)
pytestmark = [pytest.mark.slow, pytest.mark.browser]


def inadmissible_images() -> list[NegativeExample]:
    """Return one image of each family that the released admission check was measured on, made from a phantom."""
    measured = json.loads((RELEASE_DIR / ReleaseFile.METRICS).read_text())["admission"]["negatives"]
    radiograph, lungs = phantom(height=480, width=560), load_release().lungs
    mask = LungSegmenter(lungs.network, lungs.side).segment(radiograph)
    rng = np.random.default_rng(3)
    examples = [
        *corrupted_versions(radiograph.round().astype(np.uint8), mask, "phantom", rng),
        *out_of_distribution_images(True, 1, rng),
    ]
    return [example for example in examples if example.family in measured]


def save(negatives: list[NegativeExample], folder: Path) -> list[Path]:
    paths = [folder / f"{number:02} {negative.family}.png" for number, negative in enumerate(negatives)]
    for path, negative in zip(paths, negatives, strict=True):
        Image.fromarray(negative.image).save(path)
    return paths


def test_no_inadmissible_image_is_read_in_the_browser_or_on_the_command_line(tab, tmp_path):
    paths = save(inadmissible_images(), tmp_path)
    assert len(paths) >= 20
    for number, path in enumerate(paths, start=1):
        upload_file(tab, path, number)
        assert tab.get_by_test_id("stAlert").filter(has_text="Not read").count() == 1, path.name
        assert tab.get_by_test_id("stMetricValue").count() == 0
        image = tab.get_by_role("img", name="The refused image.")
        assert image.evaluate("element => element.naturalWidth") > 100

    header, *rows = all_rows(tab, len(paths))[1].decode().splitlines()
    expected, *printed = command_line_csv(tmp_path, *(path.name for path in paths)).splitlines()
    assert (header, rows[::-1]) == (expected, printed)


def test_a_rotated_radiograph_is_corrected_by_a_click_and_the_row_says_so(tab, tmp_path):
    Image.fromarray(np.rot90(phantom().round().astype(np.uint8), 2)).save(tmp_path / "chest.png")
    upload_file(tab, tmp_path / "chest.png", 1)
    tab.get_by_role("button", name=button_label(ROTATION)).click()
    tab.locator(READY).wait_for()
    tab.wait_for_selector(IDLE)
    tab.get_by_text(correction_statement(ROTATION)).wait_for()
    assert ",corrected," in all_rows(tab, 1)[1].decode()
