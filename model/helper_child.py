"""The process of `model.helper`: reads the files whose paths come on standard input, answers on standard output.

First comes what was asked, then lists of paths, each one line of JSON. Each file is answered with one line: its row, or
null where it is left to the parent.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from model.container import identify
from model.decode import content_of, decode
from model.errors import FormatUnsupported
from model.file_reader import Asked, FileReader
from model.radiograph import Radiograph
from model.rows import Row


class _LeftToParentError(Exception):
    """This file is not read here."""


class PictureReader(FileReader):
    """Reads PNG and JPEG files, and leaves DICOM to the parent."""

    def row(self, path: Path) -> Row | None:
        """The row of a file; None where it is left to the parent, as is whatever goes wrong: it goes wrong there, too.

        So errors need not be told from one process to another.
        """
        try:
            return self.read(path).row
        except Exception:
            return None

    def decoded(self, path: Path) -> Radiograph:
        """The radiograph of a PNG or JPEG file."""
        content = content_of(path)
        with suppress(FormatUnsupported):  # `decode` says so in the words for each case
            if identify(content) == "DICOM":
                raise _LeftToParentError
        return decode(content)


def opened(first: bytes) -> PictureReader:
    """What reads as the first line asks, in the parent's folder, from which the paths start."""
    request = json.loads(first)
    os.chdir(request["folder"])
    asked = request["asked"]
    return PictureReader(Asked(**asked | {"release": Path(asked["release"])}))


def main() -> None:
    """Answer until there is no more, or nobody who listens."""
    out = _prepared()
    with suppress(BrokenPipeError), out:
        reader = opened(sys.stdin.buffer.readline())
        for line in sys.stdin.buffer:
            for path in json.loads(line):
                out.write(json.dumps(reader.row(Path(path))).encode() + b"\n")
            out.flush()


def _prepared() -> BinaryIO:
    """What takes the answers, which is standard output no longer: whatever a library prints there is none."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


if __name__ == "__main__":
    main()
