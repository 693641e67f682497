"""Time from dropping a large radiograph onto the page to its verdict and heat map in Chromium, with a breakdown.

python -m benchmarks.page
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.results import Measurement, format_milliseconds, median_seconds
from model.admission.gate import AdmissionGate
from model.imaging.decode import decode
from model.imaging.geometry import resize
from model.imaging.preprocessing import working_image
from model.inference.classifier import load_model
from tests.support.browser import IDLE, READY, launch_chromium, open_watched_tab, serve
from tests.support.synthetic import phantom_file
from ui.reading.session_table import TABLE_TITLE
from ui.viewer.component import encode_preview, preview_size

HEIGHT, WIDTH = 2500, 3000
DROPS = 20
# Measures with the clock of the page, in milliseconds, because Playwright polls at intervals. The image is the only
# large message over the WebSocket.
_CLOCK_SCRIPT = """
addEventListener("change", (event) => { if (event.target.type === "file") window.dropped = performance.now(); }, true);
window.WebSocket = class extends WebSocket {
  constructor(...options) {
    super(...options);
    this.addEventListener("message", ({ data }) => {
      if ((data.size ?? data.byteLength) > 1e5) window.arrived = performance.now();
    });
  }
};
"""
_SHOWN_SCRIPT = """
([ready, words]) => {
  const last = [...document.querySelectorAll("summary")].some((box) => box.textContent.includes(words));
  const parts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
  if (!last || !parts.some((part) => part.shadowRoot?.querySelector(ready))) return null;
  const now = performance.now();
  const uploads = performance.getEntriesByType("resource").filter(({ name }) => name.includes("upload_file"));
  performance.clearResourceTimings();
  return [now - dropped, Math.max(...uploads.map((entry) => entry.responseEnd)) - dropped, now - arrived];
}
"""


def measure() -> list[Measurement]:
    """Drop DROPS different images one after the other, so that no cache can help."""
    contents = [phantom_file("JPEG", HEIGHT, WIDTH, seed) for seed in range(DROPS + 1)]
    with tempfile.TemporaryDirectory() as folder, _page(Path(folder)) as tab:
        rounds = []
        for number, content in enumerate(contents):
            path = Path(folder) / f"{number}.jpg"
            path.write_bytes(content)
            rounds.append(_drop(tab, path, number + 1))
    shown, upload, drawing = (statistics.median(values) for values in zip(*rounds[1:], strict=True))
    parts = {"upload": upload} | _parts(contents[0]) | {"drawing in the browser": drawing}
    parts["Streamlit overhead"] = shown - sum(parts.values())
    return [
        Measurement(
            f"Seconds from dropping a {WIDTH} x {HEIGHT} image to verdict and heat map in Chromium, median of {DROPS}",
            shown,
            parts=format_milliseconds(parts),
        )
    ]


@contextmanager
def _page(folder: Path) -> Iterator[Any]:
    with serve("serve.py", folder / "log.txt") as server, launch_chromium() as browser:
        tab = open_watched_tab(browser.new_context(viewport={"width": 1440, "height": 900}), [])
        tab.add_init_script(_CLOCK_SCRIPT)
        tab.goto(server.url)
        tab.get_by_test_id("stFileUploader").wait_for()
        tab.wait_for_selector(IDLE)
        yield tab


def _drop(tab: Any, path: Path, count: int) -> tuple[float, float, float]:
    """Drop a file, the upload with number `count` in the session, and wait until the page shows it with its verdict.

    Returns:
        Three times in seconds: from the drop to the drawn image, from the drop to the end of the upload, and from the
        arrival of the image in the browser to the drawn image.
    """
    tab.locator("input[type=file]").set_input_files(path)
    last_text = TABLE_TITLE.format(count=count)  # at the end of the page, below verdict and viewer
    shown, upload, drawing = tab.wait_for_function(_SHOWN_SCRIPT, arg=[READY, last_text], polling="raf").json_value()
    tab.wait_for_selector(IDLE)
    return shown / 1000, upload / 1000, drawing / 1000


def _parts(content: bytes) -> dict[str, float]:
    """Return the time of each step on the server in seconds."""
    gate = AdmissionGate.from_classifier(load_model())
    radiograph = decode(content)
    small = replace(radiograph, pixels=working_image(radiograph))
    preview = resize(radiograph.pixels, *preview_size(radiograph.height, radiograph.width))
    return median_seconds(
        {
            "decoding": lambda: decode(content),
            "resizing for the networks": lambda: working_image(radiograph),
            "resizing for the viewer": lambda: resize(radiograph.pixels, *preview.shape),
            "admission check and inference": lambda: gate.read(gate.examine(small)),
            "encoding for the viewer": lambda: encode_preview(preview),
        },
        rounds=DROPS,
        warm_up=2,
    )


if __name__ == "__main__":
    print("\n".join(measurement.row() for measurement in measure()))
