"""Make docs/landing_page.png: the landing page reading a drawn phantom, never a patient's picture.

python -m docs.landing_page
"""

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tests.browser import READY, launched_chromium, served

PICTURE = Path(__file__).with_suffix(".png")
WIDTH, HEIGHT = 1100, 900


def phantom() -> Image.Image:
    """A child's chest as a cartoon: trunk, lungs, ribs, spine, heart, and a soft opacity in one lung."""
    trunk = _soft([(150, -100, 950, 1100)], 30, 150)
    lungs = _soft([(250, 130, 500, 720), (600, 130, 850, 720)], 22, 105)
    picture = ImageChops.subtract(ImageChops.add(trunk, _soft([(515, -50, 585, 950)], 10, 55)), lungs)
    picture = ImageChops.add(picture, _ribs())
    picture = ImageChops.add(picture, _soft([(470, 400, 720, 740)], 30, 50))  # heart
    picture = ImageChops.add(picture, _soft([(150, 700, 950, 1200)], 26, 60))  # diaphragm and below
    picture = ImageChops.add(picture, _soft([(290, 470, 440, 640)], 34, 85))  # opacity
    noise = np.random.default_rng(1).normal(0, 5, (HEIGHT, WIDTH))
    noisy = np.asarray(picture.filter(ImageFilter.GaussianBlur(2)), float) + noise
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def _soft(ellipses: list[tuple[int, int, int, int]], blur: float, grey: int) -> Image.Image:
    layer = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(layer)
    for box in ellipses:
        draw.ellipse(box, fill=grey)
    return layer.filter(ImageFilter.GaussianBlur(blur))


def _ribs() -> Image.Image:
    layer = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(layer)
    for top in range(90, 720, 78):
        draw.arc((215, top, 550, top + 190), 180, 300, fill=46, width=17)
        draw.arc((550, top, 885, top + 190), 240, 360, fill=46, width=17)
    return layer.filter(ImageFilter.GaussianBlur(3))


def main() -> None:
    """Start the app, upload the phantom, wait for the viewer, take the picture."""
    file = io.BytesIO()
    phantom().save(file, "PNG")
    upload = {"name": "phantom.png", "mimeType": "image/png", "buffer": file.getvalue()}
    with (
        tempfile.TemporaryDirectory() as folder,
        served("app.py", Path(folder) / "log") as server,
        launched_chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 960}, color_scheme="light")
        page.goto(server.url)
        page.locator("input[type=file]").set_input_files(upload)
        page.locator(READY).wait_for()
        page.wait_for_timeout(500)  # the map's first drawing follows the picture's
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
