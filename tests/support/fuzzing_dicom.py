"""DICOM taken apart and put together for tests/support/fuzzing.py.

A part is called by its header without the length: the tag, and the value representation where the file tells it.
Sequences, items and encapsulated pixels are opened by a header of undefined length and closed by delimiters, so that
whatever lies within them is a part, too, however deep. A header that is called with its length keeps it, true or not.
"""

import itertools
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from tests.support.dicom_files import radiograph, table, without_meta
from tests.support.synthetic import synthetic_radiograph

Part = tuple[bytes, bytes]  # what it is called, and what it holds

_PREAMBLE = b"preamble"  # with the DICM behind it
_ITEM, _ITEM_END, _END = (struct.pack("<HH", 0xFFFE, element) for element in (0xE000, 0xE00D, 0xE0DD))
_SYNTAX = b"\x02\0\x10\0UI"
_PIXELS = 0x7FE00010
_UNDEFINED = 2**32 - 1
_SHORT, _LONG = (  # value representations by the size of the length behind them (PS3.5 7.1.2)
    tuple(sorted(kind.encode() for kind in kinds)) for kinds in (EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32)
)
_BIG_ENDIAN = (b"\0", b"\x20\x50", b"\x7f\xe0", b"\xff\xfe")  # how tags of the seeds begin there, and nowhere else
_STARTS = (b"\xff\xd8", b"\xff\x4f")  # of a codestream: JPEG with JPEG-LS, and JPEG 2000
_SCANS = (b"\xff\xda", b"\xff\x93")  # behind these come coded pixels
_END_OF_FRAME = b"\xff\xd9"
_BARE = (b"", *_STARTS, _SCANS[1], _END_OF_FRAME)  # parts of a codestream that tell no length


# --- taking apart


def dicom_parts(content: bytes) -> list[Part]:
    """Elements, items, fragments and delimiters, in the order of the file."""
    if content[128:132] != b"DICM":
        return list(_elements(content, ImplicitVRLittleEndian))
    end = 144 + int.from_bytes(content[140:144], "little")  # of the file meta information, told by its first element
    meta, rest = list(_elements(content[132:end], ExplicitVRLittleEndian)), content[end:]
    syntax = UID(dict(meta)[_SYNTAX].rstrip(b"\0").decode())
    if syntax == DeflatedExplicitVRLittleEndian:
        rest = zlib.decompress(rest, -zlib.MAX_WBITS)
    return [(_PREAMBLE, content[:132]), *meta, *_elements(rest, syntax)]


def dicom_parts_with_frames(content: bytes) -> list[Part]:
    """The same, with the segments of a compressed picture in place of its fragment."""
    whole = dicom_parts(content)
    return [
        part
        for name, data in whole
        for part in (_segments(data) if name == _ITEM and data.startswith(_STARTS) else [(name, data)])
    ]


def _elements(content: bytes, syntax: UID, in_sequence: bool = False) -> Iterator[Part]:
    """Parts of a dataset, or of a sequence; without one, an item is a fragment of compressed pixels."""
    order, position = "<" if syntax.is_little_endian else ">", 0
    while position < len(content):
        group, element = struct.unpack_from(f"{order}HH", content, position)
        number, name, kind = group << 16 | element, content[position : position + 4], b""
        if group != 0xFFFE and syntax.is_implicit_VR:
            kind = dictionary_VR(number).encode()
        elif group != 0xFFFE:
            kind = content[position + 4 : position + 6]
            name += kind + (b"\0\0" if kind in _LONG else b"")
        size = order + ("H" if len(name) == 6 else "I")
        (length,) = struct.unpack_from(size, content, position + len(name))
        position += len(name) + struct.calcsize(size)
        data = b"" if length == _UNDEFINED else content[position : position + length]
        position += len(data)
        if length == _UNDEFINED:
            yield name + struct.pack(f"{order}I", _UNDEFINED), b""  # what it holds follows, and then a delimiter
        elif kind == b"SQ" or in_sequence:
            yield name + struct.pack(f"{order}I", _UNDEFINED), b""
            yield from _elements(data, syntax, in_sequence=kind == b"SQ")
            yield struct.pack(f"{order}HH", 0xFFFE, 0xE0DD if kind else 0xE00D), b""
        else:
            yield name, data


def _segments(frame: bytes) -> Iterator[Part]:
    """The marker segments of a codestream of one scan or tile (ITU-T T.81 B.1, T.87, T.800 A.1)."""
    yield frame[:2], b""
    position, name = 2, b""
    while name not in _SCANS:
        name = frame[position : position + 2]
        length = 0 if name in _BARE else struct.unpack_from(">H", frame, position + 2)[0]
        yield name, frame[position + 4 : position + 2 + length]
        position += 2 + length
    end = frame.rindex(_END_OF_FRAME)
    yield b"", frame[position:end]
    yield _END_OF_FRAME, b""


# --- putting together


def dicom_joined(parts: list[Part]) -> bytes:
    """The file of some parts; deflated behind its file meta information where that says so."""
    behind = next((n for n, (name, _) in enumerate(parts) if not name.startswith((_PREAMBLE, b"\x02\0"))), len(parts))
    dataset = b"".join(_written(parts[behind:]))
    if dict(parts[:behind]).get(_SYNTAX, b"").rstrip(b"\0") == DeflatedExplicitVRLittleEndian.encode():
        packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
        dataset = packer.compress(dataset) + packer.flush()
    return b"".join(_written(parts[:behind])) + dataset


def _written(parts: list[Part]) -> Iterator[bytes]:
    for in_frame, group in itertools.groupby(parts, lambda part: len(part[0]) <= 2):
        if in_frame:
            frame = b"".join(
                name + data if name in _BARE else name + struct.pack(">H", (len(data) + 2) & 0xFFFF) + data
                for name, data in group
            )
            yield _ITEM + struct.pack("<I", len(frame)) + frame
        else:
            yield from (data if name == _PREAMBLE else name + _length(name, data) + data for name, data in group)


def _length(name: bytes, data: bytes) -> bytes:
    """What stands between header and value; nothing where the header brings a length."""
    long = len(name) == 4 or (len(name) == 8 and name[4:6] in _LONG and name.endswith(b"\0\0"))
    order = ">" if name.startswith(_BIG_ENDIAN) else "<"
    if long:
        return struct.pack(f"{order}I", len(data))
    return struct.pack(f"{order}H", len(data) & 0xFFFF) if len(name) == 6 else b""


# --- seeds


def _tags() -> dict[str, object]:
    """All that is read of a file beside its pixels, nested as deep as views are told."""
    side, view = Dataset(), Dataset()
    side.CodeValue, side.CodeMeaning = "G-A138", "erect"
    view.CodeValue, view.CodeMeaning, view.ViewModifierCodeSequence = "R-10206", "antero-posterior", Sequence([side])
    tags = {"ViewCodeSequence": Sequence([view]), "PatientAge": "003Y", "PatientBirthDate": "20190511"}
    tags |= {"ModalityLUTSequence": table(np.arange(256)), "VOILUTSequence": table(np.arange(256) * 200, words="LUNG")}
    tags |= {"WindowCenter": ["100", "90"], "WindowWidth": ["200", "80"], "WindowCenterWidthExplanation": ["A", "B"]}
    tags |= {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 3, "PresentationLUTShape": "IDENTITY"}
    tags |= {"PixelSpacing": ["0.2", "0.2"], "ImagerPixelSpacing": ["0.2", "0.2"], "PatientOrientation": ["L", "F"]}
    return tags | {"BurnedInAnnotation": "NO", "NumberOfFrames": "1", "VOILUTFunction": "LINEAR", "KVP": "70"}


def dicom_seeds() -> Iterator[bytes]:
    """Small films in each way that is read, with few tags and with many."""
    deep = (synthetic_radiograph(33, 34) * 16).astype(np.uint16)
    flat = synthetic_radiograph(33, 34).astype(np.uint8)
    for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian):
        yield radiograph(flat, syntax, **_tags())
        yield radiograph(deep, syntax, BitsStored=12, RescaleSlope="2", RescaleIntercept="-1024")
    yield without_meta(radiograph(flat, ImplicitVRLittleEndian, **_tags()))
    for syntax in (RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless, JPEG2000Lossless):
        yield radiograph(deep, syntax, BitsStored=12)
    for syntax in (JPEGBaseline8Bit, JPEGExtended12Bit, JPEG2000, RLELossless):
        yield radiograph(flat, syntax)


def dicom_names(seeds: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Headers: each tag of the seeds with every value representation, and with lengths that are not true."""
    tags = sorted({name[:4] for seed in seeds for name, _ in dicom_parts(seed) if name != _PREAMBLE})
    lengths = [struct.pack("<I", length) for length in (0, 7, 2**16, 2**31 - 1, 2**31, 2**32 - 2, _UNDEFINED)]
    headers = [*_SHORT, *(kind + b"\0\0" for kind in _LONG)]
    headers += [kind + b"\0\0" + length for kind in (b"SQ", b"OB", b"OW", b"UN") for length in lengths]
    markers = [bytes([0xFF, marker]) for marker in b"\x51\x52\x5c\x93\xc0\xc1\xc3\xc4\xc9\xd8\xd9\xda\xdb\xdd\xf7\xf8"]
    bare = [tag + length for tag in (_ITEM, _ITEM_END, _END) for length in (b"", *lengths)]
    return (*tags, *(tag + header for tag in tags for header in headers), *bare * 20, *markers * 20)
