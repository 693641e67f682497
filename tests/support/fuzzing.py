"""Fuzzing: change the structure and the bytes of valid files, and check that each result is read or refused.

A file is split into parts (chunks, segments, elements). Parts are removed, duplicated, swapped, taken from other files,
renamed, stretched and overwritten. Then the file is joined with correct lengths and checksums, so the damage reaches
the code behind those checks. Finally, bytes are flipped, cut and spliced, as a faulty disk might do. To fuzz another
file format, add a `Format` to FORMATS.
"""

import faulthandler
import resource
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

from model.errors import FileRefused
from model.imaging.decode import decode
from model.messages import Message, MessageCode
from tests.support.fuzzing_dicom import Part
from tests.support.fuzzing_formats import FORMATS, Format
from tests.support.image_files import assert_valid

MAX_CPU_SECONDS = 20  # for one input; the slowest accepted image, 60 megapixels in 100 progressive scans, takes 6
HANG_SECONDS = 120  # wall-clock time after which a decoder is considered to hang
MAX_MEMORY = 1500 * 2**20  # additional bytes for one input; 60 megapixels in 16-bit colour take 1.2 GB


# Values around overflows, sign changes and limits, as one, two and four bytes in both byte orders.
_VALUES = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 255, 256, 1000, 7745, 32767, 32768, 60000, 65535)
_LARGE_VALUES = (2**24, 2**31 - 1, 2**31, 2**32 - 1)
NUMBERS = (
    *(bytes([value]) for value in _VALUES if value < 256),
    *(struct.pack(order + "H", value) for order in "<>" for value in _VALUES),
    *(struct.pack(order + "I", value) for order in "<>" for value in (*_VALUES, *_LARGE_VALUES)),
)
_position = st.floats(0, 1, exclude_max=True)  # relative to the length of a file, part or list


@st.composite
def broken_file(draw: st.DrawFn, file_format: Format) -> bytes:
    """Draw a file with up to four changes to its structure and up to two changes to its bytes."""
    content = draw(st.sampled_from(file_format.seeds))
    structural = draw(st.integers(0, 4))
    if structural:
        split = draw(st.sampled_from(file_format.splits))
        parts = split(content)
        for _ in range(structural):
            _break_structure(draw, file_format, split, parts)
        content = file_format.join(parts)
    for _ in range(draw(st.integers(0 if structural else 1, 2))):
        content = _break_bytes(draw, content)
    return content


def _break_structure(
    draw: st.DrawFn, file_format: Format, split: Callable[[bytes], list[Part]], parts: list[Part]
) -> None:
    """Change `parts` in place, in one of seven ways."""
    if not parts:
        return
    index, second_index = (int(draw(_position) * len(parts)) for _ in range(2))
    name, data = parts[index]
    ways = ("drop", "double", "swap", "borrow", "rename", "stretch", "number", "number", "number")
    way = draw(st.sampled_from(ways))
    if way == "drop":
        del parts[index]
    elif way == "double":
        parts.insert(second_index, parts[index])
    elif way == "swap":
        parts[index], parts[second_index] = parts[second_index], parts[index]
    elif way == "borrow":
        lender = split(draw(st.sampled_from(file_format.seeds)))
        parts.insert(index, lender[int(draw(_position) * len(lender))])
    elif way == "rename":
        parts[index] = (draw(st.sampled_from(file_format.names)), data)
    elif way == "stretch":
        parts[index] = (name, data[: int(draw(_position) * (len(data) + 1))] + draw(st.binary(max_size=20)))
    else:
        parts[index] = (name, _overwrite_number(draw, data))


def _overwrite_number(draw: st.DrawFn, data: bytes) -> bytes:
    """Replace one number in a part, usually near its start, where the header is."""
    reach = draw(st.sampled_from((16, 16, len(data))))
    start, number = int(draw(_position) * min(reach, len(data))), draw(st.sampled_from(NUMBERS))
    return data[:start] + number + data[start + len(number) :]


def _break_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    start, end = sorted(int(draw(_position) * (len(content) + 1)) for _ in range(2))
    way = draw(st.sampled_from(("cut", "flip", "remove", "insert", "splice", "repeat")))
    if way == "cut":
        return content[:end]
    if way == "flip":
        flipped = bytes(byte ^ draw(st.integers(1, 255)) for byte in content[start : start + 1])
        return content[:start] + flipped + content[start + 1 :]
    if way == "remove":
        return content[:start] + content[end:]
    if way == "insert":
        return content[:start] + draw(st.binary(max_size=40)) + content[start:]
    if way == "repeat":
        return content[:end] + content[start:]
    donor = draw(st.sampled_from([seed for file_format in FORMATS.values() for seed in file_format.seeds]))
    return content[:start] + donor[int(draw(_position) * len(donor)) :]


def assert_survives(content: bytes, tally: Counter) -> None:
    """Fail unless a file is, within the limits, read or refused with a message. Count the result in `tally`."""
    # No exception can interrupt a decoder that hangs, so this prints the stack and ends the whole run.
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True, file=sys.__stderr__)
    start = time.process_time()  # not wall-clock time, because the machine may be busy
    try:
        assert_valid(decode(content))
        tally["read"] += 1
    except FileRefused as refusal:
        assert str(refusal)  # noqa: PT017 - the message can be rendered
        assert refusal.messages != (Message(MessageCode.OUT_OF_MEMORY),)  # noqa: PT017 - MAX_MEMORY is enough
        tally[refusal.code] += 1
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert time.process_time() - start < MAX_CPU_SECONDS


@contextmanager
def limited_memory() -> Iterator[None]:
    """Limit this process to MAX_MEMORY bytes more than it uses now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MAX_MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
