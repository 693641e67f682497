"""The command line reads a DICOM folder as in hospitals: many encodings, and some broken files."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from tests.support.dicom_files import LOSSLESS_SYNTAXES, dicom_file, display_tags, to_stored_values
from tests.support.model_cli import read
from tests.support.synthetic import phantom

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("shared_classifier")]

N_FILES, FILES_PER_RADIOGRAPH = 30, 15  # consecutive files show the same radiograph
BREAKAGES: tuple[tuple[Callable[[bytes], bytes], str], ...] = (  # change of a file, and code of its refusal
    (lambda _: dicom_file()[:2000], "unreadable"),
    (lambda _: b"", "unreadable"),
    (lambda _: dicom_file(PixelData=bytes(99)), "unreadable"),
    (lambda _: dicom_file(Modality="CT"), "wrong_modality"),
    (lambda _: dicom_file(BodyPartExamined="HIP"), "wrong_body_part"),
    (lambda _: dicom_file(ViewPosition="LLO"), "lateral_view"),
    (lambda _: dicom_file(PatientOrientation=["A", "F"]), "lateral_view"),
    (lambda _: dicom_file(np.zeros((3, 40, 40), np.uint8), NumberOfFrames=3, Rows=40, Columns=40), "multi_frame"),
    (lambda content: content[:120] + b"Dear" * 99, "unsupported_format"),
    (lambda _: dicom_file(PixelData=None), "unsupported_format"),
)


def numbered_file(number: int) -> bytes:
    """Return a file whose size, transfer syntax, depth, sign, interpretation and display tags depend on its number."""
    bits, signed = (8, 10, 12, 16)[number % 4], number // 4 % 2 == 1
    interpretation = ("MONOCHROME2", "MONOCHROME1")[number // 3 % 2]
    size = 50 + 3 * (number % 8)
    grey = phantom(number // FILES_PER_RADIOGRAPH, 3 * size, 4 * size).copy()
    grey[0, :2] = 0, 255  # both ends of the range, which is stretched if a file has no window
    stored = to_stored_values(255 - grey if interpretation == "MONOCHROME1" else grey, bits, signed)
    all_display_tags = list(display_tags(bits, signed).values())
    tags = all_display_tags[number % len(all_display_tags)]
    tags |= {"BitsStored": bits, "PhotometricInterpretation": interpretation}
    syntax = list(LOSSLESS_SYNTAXES.values())[number % len(LOSSLESS_SYNTAXES)]
    return dicom_file(stored, syntax, PatientAge=f"{number % 8:03}Y", **tags)


def test_all_encodings_of_a_radiograph_have_the_same_result_and_broken_files_do_not_stop_the_command(tmp_path, capsys):
    breakages = itertools.cycle(BREAKAGES)
    expected_codes = []
    for number in range(N_FILES):
        content, code = numbered_file(number), ""
        if number % 3 == 2:
            break_file, code = next(breakages)
            content = break_file(content)
        (tmp_path / f"IM{number:04}").write_bytes(content)
        expected_codes.append(code)
    status, rows = read(capsys, tmp_path)

    assert status == 3
    assert [row["reason_code"] for row in rows] == expected_codes
    assert [row["status"] for row in rows] == ["refused" if code else "read" for code in expected_codes]
    intact = [(number, row) for number, row in enumerate(rows) if row["status"] == "read"]
    assert len(intact) == 20
    for number, row in intact:
        assert ("outside_population" in row["cautions"]) == (not 1 <= number % 8 <= 5)
    for first in range(0, N_FILES, FILES_PER_RADIOGRAPH):
        same_radiograph = range(first, first + FILES_PER_RADIOGRAPH)
        probabilities = [row["probability"] for number, row in intact if number in same_radiograph]
        assert len(probabilities) >= 8
        assert probabilities == pytest.approx([np.median(probabilities)] * len(probabilities), abs=0.03)
