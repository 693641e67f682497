"""A folder of clinical files as hospitals keep them: of every making, some broken, read in the shell file by file."""

import itertools

import numpy as np
import pytest

from tests.support.dicom_files import LOSSLESS, radiograph, stored_as, ways_to_show
from tests.support.model_cli import one_reader, read  # noqa: F401 (a fixture)
from tests.support.synthetic import phantom

FILES, IN_A_ROW = 50, 13  # files in a row are of one film
BROKEN = (  # and why they are refused
    (lambda _: radiograph()[:2000], "unreadable"),
    (lambda _: b"", "unreadable"),
    (lambda _: radiograph(PixelData=bytes(99)), "unreadable"),
    (lambda _: radiograph(Modality="CT"), "wrong_modality"),
    (lambda _: radiograph(BodyPartExamined="HIP"), "wrong_body_part"),
    (lambda _: radiograph(ViewPosition="LLO"), "lateral_view"),
    (lambda _: radiograph(PatientOrientation=["A", "F"]), "lateral_view"),
    (lambda _: radiograph(np.zeros((3, 40, 40), np.uint8), NumberOfFrames=3, Rows=40, Columns=40), "several_pictures"),
    (lambda file: file[:120] + b"Dear" * 99, "unsupported_format"),
    (lambda _: radiograph(PixelData=None), "unsupported_format"),
)


def film(number: int) -> bytes:
    """A film in a mixture of its own of size, syntax, depth, sign, interpretation and way to be shown."""
    bits, signed = (8, 10, 12, 16)[number % 4], number // 4 % 2 == 1
    interpretation = ("MONOCHROME2", "MONOCHROME1")[number // 3 % 2]
    size = 50 + 3 * (number % 8)
    grey = phantom(number // IN_A_ROW, 3 * size, 4 * size).copy()
    grey[0, :2] = 0, 255  # both ends of the range, which is stretched where there is no window
    stored = stored_as(255 - grey if interpretation == "MONOCHROME1" else grey, bits, signed)
    ways = list(ways_to_show(bits, signed).values())
    tags = ways[number % len(ways)] | {"BitsStored": bits, "PhotometricInterpretation": interpretation}
    return radiograph(stored, list(LOSSLESS.values())[number % len(LOSSLESS)], PatientAge=f"{number % 8:03}Y", **tags)


def test_fifty_files_of_every_making_are_read_alike_and_broken_ones_between_them_stop_nothing(tmp_path, capsys):
    broken = itertools.cycle(BROKEN)
    expected = []
    for number in range(FILES):
        content, why = film(number), ""
        if number % 5 == 4:
            spoil, why = next(broken)
            content = spoil(content)
        (tmp_path / f"IM{number:04}").write_bytes(content)
        expected.append(why)
    status, rows = read(capsys, tmp_path)

    assert status == 3
    assert [row["reason_code"] for row in rows] == expected
    assert [row["status"] for row in rows] == ["refused" if why else "read" for why in expected]
    whole = [(number, row) for number, row in enumerate(rows) if row["status"] == "read"]
    assert len(whole) == 40
    for number, row in whole:
        assert ("outside_population" in row["cautions"]) == (not 1 <= number % 8 <= 5)
    for shown in range(0, FILES, IN_A_ROW):
        same = [row["probability"] for number, row in whole if shown <= number < shown + IN_A_ROW]
        assert len(same) >= 8
        assert same == pytest.approx([np.median(same)] * len(same), abs=0.03)
