"""Checkouts that print prepared rows and copy prepared heat maps, for tests of `tools.compare_findings`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PROGRAM = """
import pathlib, shutil, sys

root = pathlib.Path.cwd()
mode = "anyway" if "--read-anyway" in sys.argv else "plain"
with (root / "calls.txt").open("a", encoding="utf-8") as calls:
    print(*sys.argv[1:], file=calls)
(root / "python.txt").write_text(sys.executable)
shutil.copytree(root / mode / "maps", sys.argv[sys.argv.index("--heatmaps") + 1], dirs_exist_ok=True)
sys.stdout.buffer.write((root / mode / "rows.jsonl").read_bytes())
print((root / mode / "errors.txt").read_text(), file=sys.stderr)
sys.exit(int((root / mode / "status.txt").read_text()))
"""
ADMITTED: dict[str, Any] = {
    "path": "a.png",
    "status": "read",
    "probability": 0.1,
    "verdict": "normal",
    "reason_code": "",
    "reason": "",
    "cautions": ["low_quality", "unfamiliar"],
    "read_anyway": False,
}
REFUSED: dict[str, Any] = ADMITTED | {
    "path": "b.png",
    "status": "refused",
    "probability": None,
    "verdict": "",
    "reason_code": "several_images",
    "reason": "It contains two images.",
    "cautions": [],
}
ROWS = [ADMITTED, REFUSED]


class FakeCheckout:
    """Checkout whose command line prints prepared output."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "model").mkdir(parents=True)
        (folder / "model" / "__main__.py").write_text(PROGRAM)
        for mode in ("plain", "anyway"):
            (folder / mode / "maps").mkdir(parents=True)
            self.prepare(ROWS, mode)
            self.write_array("a.npy", np.zeros((2, 3), np.float32), mode)
            self.write_image("a.png", Image.new("RGB", (3, 2), (1, 2, 3)), mode)

    def prepare(self, rows: list[dict[str, Any]], mode: str = "plain", status: int = 3, errors: str = "") -> None:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (self.folder / mode / "rows.jsonl").write_text(lines, encoding="utf-8")
        (self.folder / mode / "status.txt").write_text(str(status))
        (self.folder / mode / "errors.txt").write_text(errors)

    def map_path(self, name: str, mode: str = "plain") -> Path:
        return self.folder / mode / "maps" / name

    def write_array(self, name: str, array: np.ndarray, mode: str = "plain") -> None:
        np.save(self.map_path(name, mode), array)

    def write_image(self, name: str, image: Image.Image, mode: str = "plain", **options: int) -> None:
        image.save(self.map_path(name, mode), **options)

    def interpreter(self) -> str:
        return (self.folder / "python.txt").read_text()

    def calls(self) -> list[str]:
        return (self.folder / "calls.txt").read_text(encoding="utf-8").splitlines()


def reported_differences(capsys) -> list[str]:
    """Return the differences in the captured output."""
    return [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
