"""Split DICOM files into parts and join them, for tests/support/fuzzing.py.

The name of a part is its header without the length: the tag, and the value representation if the file has it. A header
of undefined length opens a sequence, an item or encapsulated pixels, and a delimiter closes it, so its content is split
into parts too, at any depth. If the name of a part includes a length, that length is written, even if it is wrong.
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
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    RLELossless,
)
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from model.imaging.dicom.validation import COMPRESSED_SYNTAXES, UNCOMPRESSED_SYNTAXES
from tests.support.dicom_files import dicom_file, lut_sequence, without_file_meta
from tests.support.synthetic import synthetic_radiograph

Part = tuple[bytes, bytes]  # name and content

_PREAMBLE = b"preamble"  # including DICM
_ITEM, _ITEM_END, _END = (struct.pack("<HH", 0xFFFE, element) for element in (0xE000, 0xE00D, 0xE0DD))
_SYNTAX = b"\x02\0\x10\0UI"
_PIXELS = 0x7FE00010
_UNDEFINED = 2**32 - 1
_SHORT, _LONG = (  # value representations whose length takes 2 and 4 bytes (PS3.5 7.1.2)
    tuple(sorted(kind.encode() for kind in kinds)) for kinds in (EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32)
)
_BIG_ENDIAN = (b"\0", b"\x20\x50", b"\x7f\xe0", b"\xff\xfe")  # first bytes of tags in big-endian seeds, and only there
_STARTS = (b"\xff\xd8", b"\xff\x4f")  # of a codestream: JPEG including JPEG-LS, and JPEG 2000
_SCANS = (b"\xff\xda", b"\xff\x93")  # before the coded pixels
_END_OF_FRAME = b"\xff\xd9"
_WITHOUT_LENGTH = (b"", *_STARTS, _SCANS[1], _END_OF_FRAME)  # parts of a codestream


# --- split


def split_dicom(content: bytes) -> list[Part]:
    """Split a file into elements, items, fragments and delimiters, in their order."""
    if content[128:132] != b"DICM":
        return list(_elements(content, ImplicitVRLittleEndian))
    meta_end = 144 + int.from_bytes(content[140:144], "little")  # the first element contains the length of the others
    meta, rest = list(_elements(content[132:meta_end], ExplicitVRLittleEndian)), content[meta_end:]
    syntax = UID(dict(meta)[_SYNTAX].rstrip(b"\0").decode())
    if syntax == DeflatedExplicitVRLittleEndian:
        rest = zlib.decompress(rest, -zlib.MAX_WBITS)
    return [(_PREAMBLE, content[:132]), *meta, *_elements(rest, syntax)]


def split_dicom_and_frames(content: bytes) -> list[Part]:
    """Split like `split_dicom`, but also split the frame of compressed pixels into its segments."""
    return [
        part
        for name, data in split_dicom(content)
        for part in (_segments(data) if name == _ITEM and data.startswith(_STARTS) else [(name, data)])
    ]


def _elements(content: bytes, syntax: UID, in_sequence: bool = False) -> Iterator[Part]:
    """Yield the parts of a dataset or sequence. Outside a sequence, an item is a fragment of compressed pixels."""
    order, position = "<" if syntax.is_little_endian else ">", 0
    while position < len(content):
        group, element = struct.unpack_from(f"{order}HH", content, position)
        tag, name, representation = group << 16 | element, content[position : position + 4], b""
        if group != 0xFFFE and syntax.is_implicit_VR:
            representation = dictionary_VR(tag).encode()
        elif group != 0xFFFE:
            representation = content[position + 4 : position + 6]
            name += representation + (b"\0\0" if representation in _LONG else b"")
        size = order + ("H" if len(name) == 6 else "I")
        (length,) = struct.unpack_from(size, content, position + len(name))
        position += len(name) + struct.calcsize(size)
        data = b"" if length == _UNDEFINED else content[position : position + length]
        position += len(data)
        if length == _UNDEFINED:
            yield name + struct.pack(f"{order}I", _UNDEFINED), b""  # its content follows, and then a delimiter
        elif representation == b"SQ" or in_sequence:
            yield name + struct.pack(f"{order}I", _UNDEFINED), b""
            yield from _elements(data, syntax, in_sequence=representation == b"SQ")
            yield struct.pack(f"{order}HH", 0xFFFE, 0xE0DD if representation else 0xE00D), b""
        else:
            yield name, data


def _segments(frame: bytes) -> Iterator[Part]:
    """Yield the marker segments of a codestream with one scan or tile (ITU-T T.81 B.1, T.87, T.800 A.1)."""
    yield frame[:2], b""
    position, name = 2, b""
    while name not in _SCANS:
        name = frame[position : position + 2]
        length = 0 if name in _WITHOUT_LENGTH else struct.unpack_from(">H", frame, position + 2)[0]
        yield name, frame[position + 4 : position + 2 + length]
        position += 2 + length
    end = frame.rindex(_END_OF_FRAME)
    yield b"", frame[position:end]
    yield _END_OF_FRAME, b""


# --- join


def join_dicom(parts: list[Part]) -> bytes:
    """Join parts into a file. The dataset is deflated if the file meta information says so."""
    is_meta = [name.startswith((_PREAMBLE, b"\x02\0")) for name, _ in parts]
    start = is_meta.index(False) if False in is_meta else len(parts)  # of the dataset
    dataset = b"".join(_encode(parts[start:]))
    if dict(parts[:start]).get(_SYNTAX, b"").rstrip(b"\0") == DeflatedExplicitVRLittleEndian.encode():
        packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
        dataset = packer.compress(dataset) + packer.flush()
    return b"".join(_encode(parts[:start])) + dataset


def _encode(parts: list[Part]) -> Iterator[bytes]:
    for in_frame, group in itertools.groupby(parts, lambda part: len(part[0]) <= 2):
        if in_frame:
            frame = b"".join(
                name + data if name in _WITHOUT_LENGTH else name + struct.pack(">H", (len(data) + 2) & 0xFFFF) + data
                for name, data in group
            )
            yield _ITEM + struct.pack("<I", len(frame)) + frame
        else:
            yield from (data if name == _PREAMBLE else name + _length(name, data) + data for name, data in group)


def _length(name: bytes, data: bytes) -> bytes:
    """Return the length to write between header and value; b"" if the name already includes a length."""
    is_long = len(name) == 4 or (len(name) == 8 and name[4:6] in _LONG and name.endswith(b"\0\0"))
    order = ">" if name.startswith(_BIG_ENDIAN) else "<"
    if is_long:
        return struct.pack(f"{order}I", len(data))
    return struct.pack(f"{order}H", len(data) & 0xFFFF) if len(name) == 6 else b""


# --- seeds


def _tags() -> dict[str, object]:
    """Return all tags that the program reads, except those of the pixels. Views are nested sequences."""
    modifier, view = Dataset(), Dataset()
    modifier.CodeValue, modifier.CodeMeaning = "G-A138", "erect"
    view.CodeValue, view.CodeMeaning = "R-10206", "antero-posterior"
    view.ViewModifierCodeSequence = Sequence([modifier])
    tags = {"ViewCodeSequence": Sequence([view]), "PatientAge": "003Y", "PatientBirthDate": "20190511"}
    tags |= {"ModalityLUTSequence": lut_sequence(np.arange(256))}
    tags |= {"VOILUTSequence": lut_sequence(np.arange(256) * 200, explanation="LUNG")}
    tags |= {"WindowCenter": ["100", "90"], "WindowWidth": ["200", "80"], "WindowCenterWidthExplanation": ["A", "B"]}
    tags |= {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 3, "PresentationLUTShape": "IDENTITY"}
    tags |= {"PixelSpacing": ["0.2", "0.2"], "ImagerPixelSpacing": ["0.2", "0.2"], "PatientOrientation": ["L", "F"]}
    return tags | {"BurnedInAnnotation": "NO", "NumberOfFrames": "1", "VOILUTFunction": "LINEAR", "KVP": "70"}


def dicom_seeds() -> Iterator[bytes]:
    """Yield small radiographs in each supported encoding, some with few tags and some with many."""
    twelve_bit = (synthetic_radiograph(33, 34) * 16).astype(np.uint16)
    eight_bit = synthetic_radiograph(33, 34).astype(np.uint8)
    for syntax in UNCOMPRESSED_SYNTAXES:
        yield dicom_file(eight_bit, syntax, **_tags())
        yield dicom_file(twelve_bit, syntax, BitsStored=12, RescaleSlope="2", RescaleIntercept="-1024")
    yield without_file_meta(dicom_file(eight_bit, ImplicitVRLittleEndian, **_tags()))
    for syntax in COMPRESSED_SYNTAXES:
        if syntax in (JPEGBaseline8Bit, JPEGExtended12Bit, JPEG2000):  # the supported or usual depth
            yield dicom_file(eight_bit, syntax)
        else:
            yield dicom_file(twelve_bit, syntax, BitsStored=12)
    yield dicom_file(eight_bit, RLELossless)


def dicom_names(seeds: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return names of parts: each tag in the seeds with every value representation and with false lengths."""
    tags = sorted({name[:4] for seed in seeds for name, _ in split_dicom(seed) if name != _PREAMBLE})
    lengths = [struct.pack("<I", length) for length in (0, 7, 2**16, 2**31 - 1, 2**31, 2**32 - 2, _UNDEFINED)]
    headers = [*_SHORT, *(kind + b"\0\0" for kind in _LONG)]
    headers += [kind + b"\0\0" + length for kind in (b"SQ", b"OB", b"OW", b"UN") for length in lengths]
    markers = [bytes([0xFF, marker]) for marker in b"\x51\x52\x5c\x93\xc0\xc1\xc3\xc4\xc9\xd8\xd9\xda\xdb\xdd\xf7\xf8"]
    item_headers = [tag + length for tag in (_ITEM, _ITEM_END, _END) for length in (b"", *lengths)]
    return (*tags, *(tag + header for tag in tags for header in headers), *item_headers * 20, *markers * 20)
