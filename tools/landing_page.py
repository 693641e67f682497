"""Create docs/landing_page.png, a screenshot of the landing page with the result for an image that is not of a patient.

python -m tools.landing_page

The image is the mean of all training radiographs with viral pneumonia, from the release, sharpened to the contrast of a
single radiograph.
"""

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from model.storage import open_arrays
from tests.support.browser import IDLE, READY, launch_chromium, serve

SCREENSHOT = Path(__file__).parents[1] / "docs" / "landing_page.png"
_ARRAY = "viral_mean"
_ZOOM = 4
_FINE, _COARSE = 12, 40  # standard deviations of the blurred images, in pixels of the zoomed image
_FINE_GAIN, _COARSE_GAIN = 12, 3


def mean_radiograph_file() -> bytes:
    """Return the sharpened mean radiograph as a PNG."""
    content = load_release().read_file(ReleaseFile.MEAN_RADIOGRAPHS)
    with open_arrays(content, ReleaseFile.MEAN_RADIOGRAPHS) as arrays:
        mean = ndimage.zoom(arrays[_ARRAY].astype(float), _ZOOM, order=3)
    fine, coarse = (mean - ndimage.gaussian_filter(mean, sigma) for sigma in (_FINE, _COARSE))
    sharpened = mean + _FINE_GAIN * fine + _COARSE_GAIN * coarse
    contrasted = 1.15 * (sharpened - sharpened.mean()) + sharpened.mean()
    file = io.BytesIO()
    Image.fromarray(contrasted.clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def main() -> None:
    """Start the app, upload the mean radiograph, wait for the viewer and take a screenshot."""
    upload = {"name": "mean_radiograph.png", "mimeType": "image/png", "buffer": mean_radiograph_file()}
    with (
        tempfile.TemporaryDirectory() as folder,
        serve("serve.py", Path(folder) / "log") as server,
        launch_chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 960}, color_scheme="light")
        page.goto(server.url)
        page.locator("input[type=file]").set_input_files(upload)
        page.locator(f"{READY}[data-map=on]").wait_for()  # the heat map may be drawn after the image
        page.wait_for_selector(IDLE)
        page.screenshot(path=SCREENSHOT)


if __name__ == "__main__":
    main()
