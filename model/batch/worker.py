"""Child process of `model.batch.worker_process`: reads files and answers with their rows.

Standard input: one line of JSON with the options, then one line per batch with a list of paths. Standard output: one
line of JSON per file with its row, or null if the parent should read the file itself.
"""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from model.batch.file_reader import FileReader, ReadOptions
from model.child_process import open_answer_pipe
from model.codes import Population
from model.errors import FormatUnsupported
from model.imaging.file_formats import detect_format
from model.inference.finding_rows import Row

_HEADER_BYTES = 4096  # enough to recognise DICOM


def read_rows(reader: FileReader, paths: Sequence[Path]) -> list[Row | None]:
    """Read a batch of files.

    Returns:
        One row per file; None for DICOM files, and for the whole batch if an error is raised. The parent then reads
        these files, gets the same error and reports it.
    """
    left_to_parent = [_is_dicom(path) for path in paths]
    try:
        own_paths = [path for path, left in zip(paths, left_to_parent, strict=True) if not left]
        results = iter(reader.read(own_paths))
    except Exception:
        return [None] * len(paths)
    return [None if left else next(results).row for left in left_to_parent]


def _is_dicom(path: Path) -> bool:
    with suppress(OSError, FormatUnsupported), path.open("rb") as file:  # `FileReader.read` reports these errors
        return detect_format(file.read(_HEADER_BYTES)) == "DICOM"
    return False


def open_reader(request: bytes) -> FileReader:
    """Change to the parent's working directory and load the release, both given in the first line of the parent."""
    content = json.loads(request)
    os.chdir(content["folder"])  # to which paths are relative
    options = content["options"]
    population = Population(options["population"]) if options["population"] else None
    return FileReader(ReadOptions(**options | {"release": Path(options["release"]), "population": population}))


def main() -> None:
    """Answer batches until standard input ends or the parent stops listening."""
    answers = open_answer_pipe()
    with suppress(BrokenPipeError), answers:
        reader = open_reader(sys.stdin.buffer.readline())
        for line in sys.stdin.buffer:
            for row in read_rows(reader, [Path(path) for path in json.loads(line)]):
                answers.write(json.dumps(row).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    main()
