"""The process of `model.batch.worker_pool`: reads the files whose paths come on standard input, answers on standard output.

First comes what was asked, then lists of paths, each one line of JSON. Each file is answered with one line: its row, or
null where it is left to the parent.
"""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from model.batch.file_reader import FileReader, ReadOptions
from model.errors import FormatUnsupported
from model.imaging.file_formats import detect_format
from model.inference.finding_rows import Row

_HEADER_BYTES = 4096  # bytes that tell DICOM


def rows_of(reader: FileReader, paths: Sequence[Path]) -> list[Row | None]:
    """The row of each file; None where it is left to the parent, as are all where anything goes wrong.

    It goes wrong there, too, so errors need not be told from one process to another.
    """
    left = [_is_dicom(path) for path in paths]
    try:
        read = iter(reader.read([path for path, of_parent in zip(paths, left, strict=True) if not of_parent]))
    except Exception:
        return [None] * len(paths)
    return [None if of_parent else next(read).row for of_parent in left]


def _is_dicom(path: Path) -> bool:
    with suppress(OSError, FormatUnsupported), path.open("rb") as file:  # which the reading says in words
        return detect_format(file.read(_HEADER_BYTES)) == "DICOM"
    return False


def open_reader(first: bytes) -> FileReader:
    """What reads as the first line asks, in the parent's folder, from which the paths start."""
    request = json.loads(first)
    os.chdir(request["folder"])
    asked = request["asked"]
    return FileReader(ReadOptions(**asked | {"release": Path(asked["release"])}))


def main() -> None:
    """Answer until there is no more, or nobody who listens."""
    out = _open_answer_pipe()
    with suppress(BrokenPipeError), out:
        reader = open_reader(sys.stdin.buffer.readline())
        for line in sys.stdin.buffer:
            for row in rows_of(reader, [Path(path) for path in json.loads(line)]):
                out.write(json.dumps(row).encode() + b"\n")
            out.flush()


def _open_answer_pipe() -> BinaryIO:
    """What takes the answers, which is standard output no longer: whatever a library prints there is none."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


if __name__ == "__main__":
    main()
