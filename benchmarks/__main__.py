"""`python -m benchmarks`, or `make bench`: measure all ratios and update benchmarks/RESULTS.md.

Needs an idle machine with Chromium and the data set at CHEST_XRAY_DIR. Each part runs in its own process, unaffected by
the memory and the libraries of the others.
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
METHOD = (
    "The two values in a ratio were measured alternately in the same run, except in rows 2 and 3, which compare "
    "medians that were measured one after the other."
)


def main() -> None:
    """Run the parts named on the command line, or all. The file is only updated if all parts were run."""
    names = sys.argv[1:] or PARTS
    if "training" in names and not dataset_root().is_dir():  # fail early, before the other parts run
        sys.exit(f"The training benchmark needs the data set, which is not at {dataset_root()}. Set CHEST_XRAY_DIR.")
    rows = [row for name in names for row in _rows(name)]
    origin = f"{datetime.now(UTC).date()}, {describe_machine()}, release {load_release().version}."
    text = "\n".join([f"{origin} {METHOD}", "", TABLE_HEAD, *rows])
    print(text)
    if names == PARTS:
        RESULTS.write_text(with_section(RESULTS.read_text(encoding="utf-8"), HEADING, text), encoding="utf-8")


def with_section(document: str, heading: str, text: str) -> str:
    """Return a Markdown document with a second-level section replaced, or appended if it does not exist."""
    before, _, rest = document.partition(f"{heading}\n")
    after = rest[rest.find("\n## ") + 1 :] if "\n## " in rest else ""
    return "\n\n".join(part.strip("\n") for part in (before, heading, text, after) if part) + "\n"


def describe_machine() -> str:
    """Return processors, memory, operating system and Python version of this machine."""
    names = [line.split(":")[1].strip() for line in _read_lines("/proc/cpuinfo") if line.startswith("model name")]
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processors = f"{usable_cpus()} processors ({names[0] if names else platform.processor()})"
    return f"{processors}, {gigabytes:.0f} GB, {platform.system()}, Python {platform.python_version()}"


def _rows(name: str) -> list[str]:
    print(f"measuring: {name} ...", file=sys.stderr)
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    result = subprocess.run(  # noqa: S603 (our own program)
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    if result.returncode:
        sys.exit(f"python -m benchmarks.{name} failed. Run it alone to see its error. RESULTS.md was not updated.")
    return [line for line in result.stdout.splitlines() if line.startswith("| ")]


def _read_lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    main()
