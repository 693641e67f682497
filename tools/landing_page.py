"""Make docs/landing_page.png: the landing page with the finding of a phantom, never of a patient.

python -m tools.landing_page
"""

import tempfile
from pathlib import Path

from tests.support.browser import IDLE, READY, launch_chromium, serve
from tests.support.synthetic import phantom_file

SCREENSHOT = Path(__file__).parents[1] / "docs" / "landing_page.png"


def main() -> None:
    """Start the app, upload a phantom, wait for the viewer and take a screenshot."""
    content = phantom_file(height=900, width=1100)
    upload = {"name": "phantom.png", "mimeType": "image/png", "buffer": content}
    with (
        tempfile.TemporaryDirectory() as folder,
        serve("app.py", Path(folder) / "log") as server,
        launch_chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 960}, color_scheme="light")
        page.goto(server.url)
        page.locator("input[type=file]").set_input_files(upload)
        page.locator(READY).wait_for()
        page.wait_for_selector(IDLE)
        page.wait_for_timeout(500)  # the heat map is drawn after the image
        page.screenshot(path=SCREENSHOT)


if __name__ == "__main__":
    main()
