"""What the explorer's gallery costs beside simply loading every picture that a filter finds, and in memory.

python -m benchmarks.gallery    # with the data set at CHEST_XRAY_DIR
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import pandas as pd
import streamlit as st
from streamlit.testing.v1 import AppTest

import dataset.explorer.thumbnails
from dataset.explorer.catalogue import Filter, build_catalogue, select
from dataset.explorer.thumbnails import thumbnail
from dataset.index import dataset_root, load_index
from model.inference.release_loader import load_release
from model.performance.release_data import load_release_data
from tests.support.browser import ROOT
from ui.gallery import PAGE_SIZE

ROUNDS = 5
SPLITS = {"test": ("test",), "validation and test": ("validation", "test"), "all": ()}
PAGES = (1, 10, 100)
_MEMORY = "memory"  # the argument of the child that measures its own


def main() -> None:
    """Measure in turn, print medians, ratios and memory."""
    rows = _rows()
    print(_line("pictures of the filter", "n", "page cold", "page warm", "all of them", "all / cold"))
    for name, splits in SPLITS.items():
        found = select(rows, Filter(splits=splits))
        cold = _median(lambda splits=splits: _open_page(splits), before=_forget)
        warm = _median(lambda splits=splits: _open_page(splits))
        everything = _seconds(lambda found=found: [thumbnail(path) for path in found["path"]], before=_forget)
        seconds = (f"{value:.2f} s" for value in (cold, warm, everything))
        print(_line(name, len(found), *seconds, f"{everything / cold:.1f}x"))
    print("\n" + _line("pictures looked at", "memory"))
    for pages in PAGES:
        command = [sys.executable, "-m", "benchmarks.gallery", _MEMORY, str(pages)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 (ourselves)
        print(_line(pages * PAGE_SIZE, f"{ended.stdout.strip()} MB"))


def memory(pages: int) -> None:
    """Turn over so many pages of the gallery in one session and print what the process then holds, in MB."""
    app = _open_page(())
    for page in range(2, pages + 1):
        app.query_params["page"] = str(page)
        app.session_state["page"] = page
        app.run()
        assert not app.exception  # noqa: S101 (as below)
    with open("/proc/self/statm") as statm:
        print(f"{int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20:.0f}")


def _line(first: object, *others: object) -> str:
    return f"{first:<24}" + "".join(f"{other:>13}" for other in others)


def _rows() -> pd.DataFrame:
    release = load_release()
    records = load_index(dataset_root().resolve())
    return build_catalogue(
        load_release_data(release).predictions, records, release.operating_point(), release.conformal
    ).rows


def _open_page(splits: tuple[str, ...]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/Dataset_explorer.py")
    app.query_params["split"] = list(splits) or ["training", "validation", "test"]
    app.run()
    assert not app.exception  # noqa: S101 (a page that failed would look quick)
    return app


def _forget() -> None:
    dataset.explorer.thumbnails._thumbnail.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()


def _median(work: Callable[[], object], before: Callable[[], None] = lambda: None) -> float:
    return statistics.median(_seconds(work, before) for _ in range(ROUNDS))


def _seconds(work: Callable[[], object], before: Callable[[], None]) -> float:
    before()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    memory(int(sys.argv[2])) if sys.argv[1:2] == [_MEMORY] else main()
