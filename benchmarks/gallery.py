"""Time and memory of the gallery in the dataset explorer, compared with loading every image that matches a filter.

python -m benchmarks.gallery    # with the data set at CHEST_XRAY_DIR
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st
from streamlit.testing.v1 import AppTest

import dataset.explorer.thumbnails
from dataset.explorer.catalogue import Filter, build_catalogue, select
from dataset.explorer.thumbnails import thumbnail
from dataset.index import dataset_root, load_index
from model.codes import SPLITS, Population, SplitName
from model.inference.release_loader import load_release
from model.performance.release_data import load_release_data
from tests.support.browser import ROOT
from ui.gallery import PAGE_SIZE

ROUNDS = 5
FILTERS: dict[str, tuple[str, ...]] = {
    "test": (SplitName.TEST,),
    "validation and test": (SplitName.VALIDATION, SplitName.TEST),
    "all": (),
}
PAGES = (1, 10, 100)
_MEMORY = "memory"  # argument of the child process that measures its own memory


def main() -> None:
    """Measure and print medians, ratios and memory."""
    rows = _catalogue_rows()
    print(_line("images that match the filter", "n", "page cold", "page warm", "all images", "all / cold"))
    for name, splits in FILTERS.items():
        selected = select(rows, Filter(splits=splits))
        open_page = partial(_open_page, splits)
        cold = _median_seconds(open_page, before=_clear_caches)
        warm = _median_seconds(open_page)
        everything = _seconds(partial(_load_thumbnails, selected), before=_clear_caches)
        seconds = (f"{value:.2f} s" for value in (cold, warm, everything))
        print(_line(name, len(selected), *seconds, f"{everything / cold:.1f}x"))
    print("\n" + _line("images viewed", "memory"))
    for pages in PAGES:
        command = [sys.executable, "-m", "benchmarks.gallery", _MEMORY, str(pages)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 (our own program)
        print(_line(pages * PAGE_SIZE, f"{result.stdout.strip()} MB"))


def print_memory(pages: int) -> None:
    """Open pages of the gallery in one session and print the resident memory of the process in MB."""
    app = _open_page(())
    for page in range(2, pages + 1):
        app.query_params["page"] = str(page)
        app.session_state["page"] = page
        app.run()
        assert not app.exception  # noqa: S101 (as below)
    with open("/proc/self/statm") as statm:
        print(f"{int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20:.0f}")


def _line(label: object, *values: object) -> str:
    return f"{label:<24}" + "".join(f"{value:>13}" for value in values)


def _catalogue_rows() -> pd.DataFrame:
    release = load_release()
    records = load_index(dataset_root().resolve())
    rules = release.populations[Population.CHILDREN]
    predictions = load_release_data(release).predictions
    return build_catalogue(predictions, records, rules.operating_point(), rules.conformal).rows


def _open_page(splits: tuple[str, ...]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/Dataset_explorer.py")
    app.query_params["split"] = list(splits or SPLITS)
    app.run()
    assert not app.exception  # noqa: S101 (a page with an error would seem fast)
    return app


def _load_thumbnails(selected: pd.DataFrame) -> list[object]:
    return [thumbnail(path) for path in selected["path"]]


def _clear_caches() -> None:
    dataset.explorer.thumbnails._thumbnail.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()


def _median_seconds(work: Callable[[], object], before: Callable[[], None] = lambda: None) -> float:
    return statistics.median(_seconds(work, before) for _ in range(ROUNDS))


def _seconds(work: Callable[[], object], before: Callable[[], None]) -> float:
    before()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    print_memory(int(sys.argv[2])) if sys.argv[1:2] == [_MEMORY] else main()
