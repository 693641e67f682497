"""From dropping a large film onto the page to seeing its verdict and map in Chromium, beside the parts of that.

python -m benchmarks.page
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.results import Measurement, medians, milliseconds
from model.admission.gate import AdmissionGate
from model.imaging.decode import decode
from model.imaging.geometry import resize
from model.imaging.preprocessing import working_image
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from tests.support.browser import IDLE, READY, launched_chromium, served, watched
from tests.support.synthetic import phantom_file
from ui.viewer.component import encode_preview, preview_size

HEIGHT, WIDTH = 2500, 3000
DROPS = 20
# The page's own clock, in milliseconds: Playwright looks only now and then whether something has appeared. What comes
# over the WebSocket in one large message is the picture.
_CLOCK = """
addEventListener("change", (event) => { if (event.target.type === "file") window.dropped = performance.now(); }, true);
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      if ((data.size ?? data.byteLength) > 1e5) window.arrived = performance.now();
    });
  }
};
"""
_SHOWN = """
([ready, words]) => {
  const last = [...document.querySelectorAll("summary")].some((box) => box.textContent.includes(words));
  const parts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
  if (!last || !parts.some((part) => part.shadowRoot?.querySelector(ready))) return null;
  const now = performance.now();
  const uploads = performance.getEntriesByType("resource").filter(({ name }) => name.includes("upload_file"));
  performance.clearResourceTimings();
  return [now - dropped, Math.max(...uploads.map((one) => one.responseEnd)) - dropped, now - arrived];
}
"""


def measure() -> list[Measurement]:
    """Drop DROPS films, one after the other; each is another, so that nothing is known of it."""
    contents = [phantom_file("JPEG", HEIGHT, WIDTH, seed) for seed in range(DROPS + 1)]
    with tempfile.TemporaryDirectory() as folder, _page(Path(folder)) as tab:
        rounds = []
        for number, content in enumerate(contents):
            path = Path(folder) / f"{number}.jpg"
            path.write_bytes(content)
            rounds.append(_drop(tab, path, number + 1))
    shown, upload, drawing = (statistics.median(of) for of in zip(*rounds[1:], strict=True))
    parts = {"upload": upload} | _parts(contents[0]) | {"drawing in the browser": drawing}
    parts["Streamlit on the way"] = shown - sum(parts.values())
    return [
        Measurement(
            f"From dropping a {WIDTH} x {HEIGHT} film to verdict and map in Chromium, median of {DROPS}, in seconds",
            shown,
            parts=milliseconds(parts),
        )
    ]


@contextmanager
def _page(folder: Path) -> Iterator:
    with served("app.py", folder / "log.txt") as server, launched_chromium() as browser:
        tab = watched(browser.new_context(viewport={"width": 1440, "height": 900}), [])
        tab.add_init_script(_CLOCK)
        tab.goto(server.url)
        tab.get_by_test_id("stFileUploader").wait_for()
        tab.wait_for_selector(IDLE)
        yield tab


def _drop(tab, path: Path, count: int) -> tuple[float, float, float]:
    """Seconds until the session's `count`th film is drawn with its verdict.

    Of these the first, until it was uploaded, and the last, from when its picture had come.
    """
    tab.locator("input[type=file]").set_input_files(path)
    words = f"Read in this session ({count})"  # the page ends in it, below verdict and viewer
    shown, upload, drawing = tab.wait_for_function(_SHOWN, arg=[READY, words], polling="raf").json_value()
    tab.wait_for_selector(IDLE)
    return shown / 1000, upload / 1000, drawing / 1000


def _parts(content: bytes) -> dict[str, float]:
    """What the server does with the film, each part once."""
    gate = AdmissionGate.from_classifier(Classifier(load_release()))
    radiograph = decode(content)
    small = replace(radiograph, pixels=working_image(radiograph))
    preview = resize(radiograph.pixels, *preview_size(radiograph.height, radiograph.width))
    return medians(
        {
            "decoding": lambda: decode(content),
            "resizing for the networks": lambda: working_image(radiograph),
            "resizing for the viewer": lambda: resize(radiograph.pixels, *preview.shape),
            "checking and reading": lambda: gate.read(gate.examine(small)),
            "encoding for the viewer": lambda: encode_preview(preview),
        },
        rounds=DROPS,
        first=2,
    )


if __name__ == "__main__":
    print("\n".join(ratio.row() for ratio in measure()))
