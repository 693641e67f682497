"""`python -m benchmarks`, or `make bench`: measure all ratios in one run and write them into benchmarks/RESULTS.md.

Run it on an idle machine with Chromium and the data set at CHEST_XRAY_DIR. Each part runs in its own process, so that
none is affected by the memory or the libraries of another.
"""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.results import TABLE_HEAD
from dataset.index import dataset_root
from model.inference.parallel import usable_cpus
from model.inference.release_loader import load_release

PARTS = ("reading", "start", "page", "folder", "training")
RESULTS = Path(__file__).parent / "RESULTS.md"
HEADING = "## Speed and memory: `make bench`"


def main() -> None:
    """Run the parts named on the command line, or all. Only the results of all parts are written to the file."""
    names = sys.argv[1:] or PARTS
    if "training" in names and not dataset_root().is_dir():  # fail early, before the other parts run
        sys.exit(f"There is no data set at {dataset_root()}, which training is measured on. Set CHEST_XRAY_DIR.")
    rows = [row for name in names for row in _rows(name)]
    origin = f"{datetime.now(UTC).date()}, {describe_machine()}, release {load_release().version}."
    text = "\n".join([f"{origin} Each ratio is of things measured in turn in one run.", "", TABLE_HEAD, *rows])
    print(text)
    if names == PARTS:
        RESULTS.write_text(with_section(RESULTS.read_text(encoding="utf-8"), HEADING, text), encoding="utf-8")


def with_section(document: str, heading: str, text: str) -> str:
    """Return a Markdown document with a section of the second level replaced, or appended if it does not exist."""
    before, _, rest = document.partition(f"{heading}\n")
    after = rest[rest.find("\n## ") + 1 :] if "\n## " in rest else ""
    return "\n\n".join(part.strip("\n") for part in (before, heading, text, after) if part) + "\n"


def describe_machine() -> str:
    """Return processors, memory, system and Python version of this machine."""
    names = [line.split(":")[1].strip() for line in _read_lines("/proc/cpuinfo") if line.startswith("model name")]
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processors = f"{usable_cpus()} processors of {names[0] if names else platform.processor()}"
    return f"{processors}, {gigabytes:.0f} GB, {platform.system()}, Python {platform.python_version()}"


def _rows(name: str) -> list[str]:
    print(f"measuring: {name} ...", file=sys.stderr)
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    result = subprocess.run(  # noqa: S603 (our own program)
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    if result.returncode:
        sys.exit(f"python -m benchmarks.{name} failed; run it alone to see why. Nothing was written down.")
    return [line for line in result.stdout.splitlines() if line.startswith("| ")]


def _read_lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    main()
