"""Input files of `python -m model read`, and the heat maps that it writes."""

import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from model.explanation.heatmap import overlay_png, upsample_to_image
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding


def find_files(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Every file named, and every file below each folder named, sorted; hidden ones are passed over.

    Yields:
        The file, and its path relative to the folder that was named (its bare name where the file was named).
    """
    for path in paths:
        if path.is_file():
            yield path, Path(path.name)
            continue
        inside = sorted(p.relative_to(path) for p in path.rglob("*") if p.is_file())
        yield from ((path / p, p) for p in inside if not any(part.startswith(".") for part in p.parts))


class HeatMapWriter:
    """A folder that takes the heat map of each picture as numbers and as an overlay, in the pictures' own sub-folders.

    Both are named by the picture's stem; where another picture has had it, by the whole name, and then by a number.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._taken: set[str] = set()

    def write(self, inside: Path, radiograph: Radiograph, finding: Finding) -> None:
        """Write the map of the file `inside`: .npy is float32 (height, width) of the radiograph, 0-1; .png shows it."""
        target = self.folder / self._free(inside)
        target.parent.mkdir(parents=True, exist_ok=True)
        laid = upsample_to_image(finding.heat_map, finding.heat_map_box, radiograph.height, radiograph.width)
        numbers = io.BytesIO()
        np.save(numbers, laid)  # straight into a file it would not say that the disk is full
        target.with_name(f"{target.name}.npy").write_bytes(numbers.getbuffer())
        overlay = overlay_png(radiograph, finding)
        target.with_name(f"{target.name}.png").write_bytes(overlay)

    def _free(self, inside: Path) -> Path:
        numbered = (inside.with_name(f"{inside.name}.{number}") for number in itertools.count(2))
        names = itertools.chain([inside.with_suffix(""), inside], numbered)
        free = next(name for name in names if str(name).casefold() not in self._taken)  # as Windows and macOS compare
        self._taken.add(str(free).casefold())
        return free
