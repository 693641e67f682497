"""Load test: does each concurrent user get the result for their own file, and is memory released?

python -m benchmarks.load    # about half an hour; needs Chromium and the data set at CHEST_XRAY_DIR

Five Chromium sessions and twenty protocol-level sessions upload radiographs (PNG, JPEG, DICOM) and broken files to a
local server, which this program starts and stops. The load is repeated once. Then one session reads 1,000 radiographs
in a row. Each result must equal that of `python -m model read` for the same file. The exit status is 1 if a result is
wrong or memory grows.
"""

import csv
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from dataset.index import dataset_root, load_index
from tests.support.browser import IDLE, ROOT, Server, launch_chromium, serve
from tests.support.dicom_files import dicom_file
from tests.support.processes import resident_megabytes
from tests.support.protocol import Access, Visitor
from ui.formatting import percent
from ui.reading.session_table import TABLE_TITLE

BROWSERS, VISITORS = 5, 20
FILES_PER_SESSION = 8
READINGS = 1000
WAIT_MINUTES = 3  # after the last tab was closed; Streamlit deletes a session after two (.streamlit/config.toml)
SYNTAXES = (ExplicitVRLittleEndian, RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)
REST_SECONDS = 10  # enough for all checks and processes started for the last image to finish
MAX_GROWTH = 1.1  # memory after / memory before


@dataclass(frozen=True)
class File:
    """File to upload, and the row that `python -m model read` prints for it."""

    content: bytes
    row: dict[str, str]

    @property
    def page_text(self) -> str:
        """Text that the page must show: the reason for the refusal, or the probability."""
        return self.row["reason"] or percent(float(self.row["probability"]))


def main() -> int:
    """Run the load test, print the results and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        files = prepare_files(Path(folder))
        print(f"{len(files)} files, of which {sum(bool(file.row['reason']) for file in files)} must be refused")
        with serve("serve.py", Path(folder) / "log.txt") as server:
            with Visitor(Access(server.url)) as visitor:
                visitor.read("first.png", files[0].content)
            print(f"after the first reading: {resident_megabytes(server.process):.0f} MB")
            memory = [run_load(server, files, Path(folder), number) for number in (1, 2)]
            growth = read_sequentially(server, files)
    print(f"memory after the second load / after the first: {memory[1] / memory[0]:.3f}")
    print(f"memory after {READINGS} sequential readings / after a fifth of them: {growth:.3f}")
    return int(max(memory[1] / memory[0], growth) > MAX_GROWTH)


def prepare_files(folder: Path) -> list[File]:
    """Return radiographs in all formats and their expected rows. Every fourth file is broken."""
    paths = [record.path for record in load_index(dataset_root().resolve()) if record.split == "train"][::120][:36]
    contents = []
    for number, path in enumerate(paths):
        contents.append(_radiograph_file(path, number))
        if number % 3 == 2:
            contents.append(_broken_file(contents[-1], number))
    names = [f"{number:03}" for number in range(len(contents))]
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_bytes(content)
    paths_to_read = [str(folder / name) for name in names]
    command = [sys.executable, "-m", "model", "read", *paths_to_read, "--format", "csv"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S603 (our own)
    rows = csv.DictReader(io.StringIO(printed))
    return [File(content, row) for content, row in zip(contents, rows, strict=True)]


def _radiograph_file(path: Path, number: int) -> bytes:
    """Return the file unchanged if `number` is odd, or else at a typical size as JPEG, PNG or DICOM."""
    if number % 2:
        return path.read_bytes()
    image = Image.open(path).convert("L").resize((1800, 1500))
    if number % 6 == 2:
        return dicom_file(np.asarray(image), SYNTAXES[number // 6 % len(SYNTAXES)])
    file = io.BytesIO()
    image.save(file, "PNG" if number % 6 else "JPEG")
    return file.getvalue()


def _broken_file(content: bytes, number: int) -> bytes:
    return (content[: len(content) // 2], b"", b"%PDF-1.7 Dear colleague,", content[140:])[number // 3 % 4]


def plan_uploads(files: Sequence[File], session: int, count: int) -> list[tuple[str, File]]:
    """Return names and files for a session to upload. No two sessions upload the same file at the same time."""
    return [(f"s{session:02}_t{turn:04}.png", files[(turn * 31 + session) % len(files)]) for turn in range(count)]


def run_load(server: Server, files: Sequence[File], folder: Path, number: int) -> float:
    """Run the load once.

    Returns:
        Memory of the server and its child processes, WAIT_MINUTES after the last tab was closed, in MB.
    """
    start = time.monotonic()
    with ThreadPoolExecutor(VISITORS) as pool:
        visits = [
            pool.submit(visit, server, plan_uploads(files, session, FILES_PER_SESSION)) for session in range(VISITORS)
        ]
        plans = [plan_uploads(files, VISITORS + session, FILES_PER_SESSION) for session in range(BROWSERS)]
        browse(server, plans, folder)
        for visit_result in visits:
            visit_result.result()
    seconds, memory_under_load = time.monotonic() - start, resident_megabytes(server.process)
    time.sleep(60 * WAIT_MINUTES)
    memory = resident_megabytes(server.process)
    n_files = (BROWSERS + VISITORS) * FILES_PER_SESSION
    print(
        f"load {number}: {BROWSERS} browsers and {VISITORS} visitors, {n_files} files in {seconds:.0f} s, "
        f"all results correct; {memory_under_load:.0f} MB at the end of the load, "
        f"{memory:.0f} MB {WAIT_MINUTES} minutes after the last tab was closed"
    )
    return memory


def visit(server: Server, uploads: Sequence[tuple[str, File]]) -> None:
    """Upload files in a session without a browser and check every result."""
    with Visitor(Access(server.url), timeout_seconds=300) as visitor:
        for count, (name, file) in enumerate(uploads, start=1):
            page = visitor.read(name, file.content)
            check_row(page.rows[0], name, file)
            check(len(page.rows) == count, f"{len(page.rows)} rows after {count} files")
            check(file.page_text in page.text, f"{name}: the page does not show its result")


def browse(server: Server, plans: Sequence[Sequence[tuple[str, File]]], folder: Path) -> None:
    """Upload files in Chromium, one window per session. All sessions upload before any result is checked."""
    with launch_chromium() as browser:
        tabs = [browser.new_context().new_page() for _ in plans]
        for tab in tabs:
            tab.set_default_timeout(300_000)
            tab.goto(server.url)
        for tab in tabs:
            tab.get_by_test_id("stFileUploader").wait_for()
            tab.wait_for_selector(IDLE)
        for turn in range(FILES_PER_SESSION):
            for tab, uploads in zip(tabs, plans, strict=True):
                name, file = uploads[turn]
                (folder / name).write_bytes(file.content)
                tab.locator("input[type=file]").set_input_files(folder / name)
            for tab, uploads in zip(tabs, plans, strict=True):
                tab.get_by_text(TABLE_TITLE.format(count=turn + 1)).wait_for()
                tab.wait_for_selector(IDLE)  # the page no longer shows the previous file
                tab.get_by_test_id("stMain").get_by_text(uploads[turn][1].page_text).first.wait_for()
        for tab, uploads in zip(tabs, plans, strict=True):
            tab.get_by_text(TABLE_TITLE.format(count=FILES_PER_SESSION)).click()
            with tab.expect_download() as download:
                tab.get_by_role("button", name="Download all results (CSV)").press("Enter")
            rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
            for row, (name, file) in zip(rows, reversed(uploads), strict=True):
                check_row(row, name, file)


def check_row(row: dict[str, str], name: str, file: File) -> None:
    """Stop the program unless the row is the one expected for the file."""
    matches = (row["path"], row["status"], row["reason"]) == (name, file.row["status"], file.row["reason"])
    if matches and file.row["probability"]:
        matches = abs(float(row["probability"]) - float(file.row["probability"])) < 1e-6
    check(matches, f"{name}: result of a different file")


def check(condition: bool, message: str) -> None:
    """Stop the program with a message unless a condition holds."""
    if not condition:
        raise SystemExit(message)


def read_sequentially(server: Server, files: Sequence[File]) -> float:
    """Read many radiographs in one session.

    Returns:
        Memory at the end divided by memory after a fifth of the radiographs.
    """
    readable, fifth = [file for file in files if not file.row["reason"]], READINGS // 5
    memory: list[float] = []
    with Visitor(Access(server.url)) as visitor:
        for count, (name, file) in enumerate(plan_uploads(readable, 0, READINGS), start=1):
            check_row(visitor.read(name, file.content).rows[0], name, file)
            if count % fifth == 0:
                time.sleep(REST_SECONDS)
                memory.append(resident_megabytes(server.process))
                print(f"{count} sequential readings: {memory[-1]:.0f} MB")
    return memory[-1] / memory[0]


if __name__ == "__main__":
    sys.exit(main())
