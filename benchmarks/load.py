"""Many users at once: does each get the answer to their own file, and does memory come back?

python -m benchmarks.load    # about half an hour; needs Chromium and the pictures at CHEST_XRAY_DIR

Five Chromium sessions and twenty at protocol level upload films (PNG, JPEG, DICOM), and files that are none, to a
server of this computer, started and ended here. The same load comes twice; then one session has 1,000 films read in a
row. What the shell says of each file is what the session must be told. Exit status 1 where an answer is wrong or memory
grows.
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
from tests.support.browser import IDLE, ROOT, Server, launched_chromium, served
from tests.support.dicom_files import radiograph
from tests.support.processes import resident
from tests.support.protocol import Access, Visitor
from ui.formatting import percent

BROWSERS, VISITORS = 5, 20
TURNS = 8  # files of each session
READINGS = 1000
MINUTES = 3  # after the last tab was closed; Streamlit drops a session after two (.streamlit/config.toml)
SYNTAXES = (ExplicitVRLittleEndian, RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)
REST = 10  # seconds, after which no check and no process is at work for the last film, whichever that is
MOST = 1.1  # memory, against before


@dataclass(frozen=True)
class File:
    """A file that is uploaded, and the row that the shell prints of it."""

    content: bytes
    row: dict[str, str]

    @property
    def shown(self) -> str:
        """What the page must show, and does of no other file that is as good or bad."""
        return self.row["reason"] or percent(float(self.row["probability"]))


def main() -> int:
    """Run the loads and print what came of them; the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        files = prepared(Path(folder))
        print(f"{len(files)} files, {sum(bool(file.row['reason']) for file in files)} of them to be refused")
        with served("app.py", Path(folder) / "log.txt") as server:
            with Visitor(Access(server.url)) as first:
                first.read("first.png", files[0].content)
            print(f"after the first reading: {resident(server.process):.0f} MB")
            after = [loaded(server, files, Path(folder), number) for number in (1, 2)]
            growth = in_a_row(server, files)
    print(f"memory after the second load / after the first: {after[1] / after[0]:.3f}")
    print(f"memory after {READINGS} readings in a row / after a fifth of them: {growth:.3f}")
    return int(max(after[1] / after[0], growth) > MOST)


def prepared(folder: Path) -> list[File]:
    """Films of each kind, and every fourth file one that is no film; with what the shell says of each."""
    films = [record.path for record in load_index(dataset_root().resolve()) if record.split == "train"][::120][:36]
    contents = []
    for number, path in enumerate(films):
        contents.append(_film(path, number))
        if number % 3 == 2:
            contents.append(_broken(contents[-1], number))
    names = [f"{number:03}" for number in range(len(contents))]
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_bytes(content)
    command = [sys.executable, "-m", "model", "read", *(folder / name for name in names), "--format", "csv"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S603 (our own)
    rows = csv.DictReader(io.StringIO(printed))
    return [File(content, row) for content, row in zip(contents, rows, strict=True)]


def _film(path: Path, number: int) -> bytes:
    """As it is, or in a usual size as JPEG, DICOM or PNG; DICOM in one way of storing after the other."""
    if number % 2:
        return path.read_bytes()
    image = Image.open(path).convert("L").resize((1800, 1500))
    if number % 6 == 2:
        return radiograph(np.asarray(image), SYNTAXES[number // 6 % len(SYNTAXES)])
    file = io.BytesIO()
    image.save(file, "PNG" if number % 6 else "JPEG")
    return file.getvalue()


def _broken(content: bytes, number: int) -> bytes:
    return (content[: len(content) // 2], b"", b"%PDF-1.7 Dear colleague,", content[140:])[number // 3 % 4]


def plan(files: Sequence[File], session: int, turns: int) -> list[tuple[str, File]]:
    """What a session uploads, by names of its own; at no turn the same as another session."""
    return [(f"s{session:02}_t{turn:04}.png", files[(turn * 31 + session) % len(files)]) for turn in range(turns)]


def loaded(server: Server, files: Sequence[File], folder: Path, number: int) -> float:
    """One load; megabytes of the server, and of what it has started, once all tabs have been closed for a while."""
    start = time.monotonic()
    with ThreadPoolExecutor(VISITORS) as pool:
        visits = [pool.submit(visit, server, plan(files, session, TURNS)) for session in range(VISITORS)]
        plans = [plan(files, VISITORS + session, TURNS) for session in range(BROWSERS)]
        browse(server, plans, folder)
        for one in visits:
            one.result()
    seconds, most = time.monotonic() - start, resident(server.process)
    time.sleep(60 * MINUTES)
    memory = resident(server.process)
    print(
        f"load {number}: {BROWSERS} browsers and {VISITORS} visitors, {(BROWSERS + VISITORS) * TURNS} files in "
        f"{seconds:.0f} s, each answered by its own; {most:.0f} MB at the end of it, {memory:.0f} MB {MINUTES} minutes "
        "after the last tab was closed"
    )
    return memory


def visit(server: Server, uploads: Sequence[tuple[str, File]]) -> None:
    """Upload file after file in a session without a browser; every answer must be of its file."""
    with Visitor(Access(server.url), patience=300) as visitor:
        for count, (name, file) in enumerate(uploads, start=1):
            page = visitor.read(name, file.content)
            expected(page.rows[0], name, file)
            check(len(page.rows) == count, f"{len(page.rows)} rows after {count} files")
            check(file.shown in page.words, f"{name}: not on its page")


def browse(server: Server, plans: Sequence[Sequence[tuple[str, File]]], folder: Path) -> None:
    """The same in Chromium, a window for each session: all upload, then all are looked at."""
    with launched_chromium() as browser:
        tabs = [browser.new_context().new_page() for _ in plans]
        for tab in tabs:
            tab.set_default_timeout(300_000)
            tab.goto(server.url)
        for tab in tabs:
            tab.get_by_test_id("stFileUploader").wait_for()
            tab.wait_for_selector(IDLE)
        for turn in range(TURNS):
            for tab, uploads in zip(tabs, plans, strict=True):
                name, file = uploads[turn]
                (folder / name).write_bytes(file.content)
                tab.locator("input[type=file]").set_input_files(folder / name)
            for tab, uploads in zip(tabs, plans, strict=True):
                tab.get_by_text(f"Read in this session ({turn + 1})").wait_for()
                tab.wait_for_selector(IDLE)  # from here on nothing of the file before is left on the page
                tab.get_by_test_id("stMain").get_by_text(uploads[turn][1].shown).first.wait_for()
        for tab, uploads in zip(tabs, plans, strict=True):
            tab.get_by_text(f"Read in this session ({TURNS})").click()
            with tab.expect_download() as download:
                tab.get_by_role("button", name="All rows as CSV").press("Enter")
            rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
            for row, (name, file) in zip(rows, reversed(uploads), strict=True):
                expected(row, name, file)


def expected(row: dict, name: str, file: File) -> None:
    """Stop unless a row is the one of a file, which the shell has read before."""
    same = (row["path"], row["status"], row["reason"]) == (name, file.row["status"], file.row["reason"])
    if same and file.row["probability"]:
        same = abs(float(row["probability"]) - float(file.row["probability"])) < 1e-6
    check(same, f"{name}: the answer is of another file")


def check(holds: bool, otherwise: str) -> None:
    """Stop with a sentence unless something holds."""
    if not holds:
        raise SystemExit(otherwise)


def in_a_row(server: Server, files: Sequence[File]) -> float:
    """Read and read again in one session: memory at the end, against that after a fifth of it."""
    films, fifth, memory = [file for file in files if not file.row["reason"]], READINGS // 5, []
    with Visitor(Access(server.url)) as visitor:
        for count, (name, file) in enumerate(plan(films, 0, READINGS), start=1):
            expected(visitor.read(name, file.content).rows[0], name, file)
            if count % fifth == 0:
                time.sleep(REST)
                memory.append(resident(server.process))
                print(f"{count} readings in a row: {memory[-1]:.0f} MB")
    return memory[-1] / memory[0]


if __name__ == "__main__":
    sys.exit(main())
