"""Make docs/landing_page.png: the landing page reading a phantom, never a patient's picture.

python -m tools.landing_page
"""

import tempfile
from pathlib import Path

from tests.support.browser import IDLE, READY, launched_chromium, served
from tests.support.synthetic import phantom_file

PICTURE = Path(__file__).parents[1] / "docs" / "landing_page.png"


def main() -> None:
    """Start the app, upload the phantom, wait for the viewer, take the picture."""
    film = phantom_file(height=900, width=1100)
    upload = {"name": "phantom.png", "mimeType": "image/png", "buffer": film}
    with (
        tempfile.TemporaryDirectory() as folder,
        served("app.py", Path(folder) / "log") as server,
        launched_chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 960}, color_scheme="light")
        page.goto(server.url)
        page.locator("input[type=file]").set_input_files(upload)
        page.locator(READY).wait_for()
        page.wait_for_selector(IDLE)
        page.wait_for_timeout(500)  # the map's first drawing follows the picture's
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
