"""Fuzzing of DICOM headers: what the program does not read changes nothing, and anything else is read or refused."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLosslessSV1

from model.imaging.decode import decode
from tests.model.imaging.test_fuzz import FIXED, SOAK, format_counts, fuzzing_settings
from tests.support.dicom_files import dicom_file
from tests.support.dicom_headers import read_header, unread_header
from tests.support.dicom_worker import many_files_in_one_process
from tests.support.fuzzing import assert_survives, limited_memory
from tests.support.synthetic import synthetic_radiograph

pytestmark = pytest.mark.linux

SHARE = 1 / 2  # of the inputs of a file format, see test_fuzz.py
SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLosslessSV1)


@cache
def seed(syntax: str) -> bytes:
    """Return a plain radiograph."""
    return dicom_file((synthetic_radiograph(33, 34) * 16).astype(np.uint16), syntax, BitsStored=12)


@pytest.mark.parametrize("new_inputs", [FIXED, SOAK])
def test_attributes_that_are_not_read_change_nothing(new_inputs):
    with many_files_in_one_process():
        expected = {syntax: decode(seed(syntax)) for syntax in SYNTAXES}

        @fuzzing_settings(new_inputs, SHARE)
        @given(syntax=st.sampled_from(SYNTAXES), data=st.data())
        def read(syntax, data):
            radiograph = decode(data.draw(unread_header(seed(syntax))))
            np.testing.assert_array_equal(radiograph.pixels, expected[syntax].pixels)
            assert radiograph.metadata == expected[syntax].metadata
            assert radiograph.cautions == expected[syntax].cautions

        read()


@pytest.mark.parametrize("new_inputs", [FIXED, SOAK])
def test_dicom_headers_are_read_or_refused(new_inputs, capsys):
    tally: Counter = Counter()

    @fuzzing_settings(new_inputs, SHARE)
    @given(st.sampled_from(SYNTAXES).flatmap(lambda syntax: read_header(seed(syntax))))
    def survive(content):
        assert_survives(content, tally)

    with many_files_in_one_process(), limited_memory():
        survive()
    with capsys.disabled():
        print(f"\nDICOM headers: {format_counts(tally)}")
    assert tally["read"]
    assert len(tally) >= 3
