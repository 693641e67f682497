"""Fuzzing: any file is read or refused with a message, in bounded time and memory.

make fuzz    # 12,000 new inputs of each format; `make test` tries 250, the same in every run

DICOM files share a process, because starting one takes a third of a second. In one test each has its own, as in the
program.
"""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.dicom_worker import many_files_in_one_process
from tests.support.fuzzing import FORMATS, MAX_MEMORY, assert_survives, broken_file, limited_memory

N_INPUTS = int(os.environ.get("FUZZ", 0))  # of each format
pytestmark = pytest.mark.linux


@pytest.mark.timeout(3600 if N_INPUTS else 120)
@pytest.mark.parametrize("name", FORMATS)
def test_hostile_files_are_read_or_refused(name, capsys):
    tally: Counter = Counter()
    file_format = FORMATS[name]

    @settings(
        settings.get_profile("steady"),
        max_examples=N_INPUTS or 250,
        derandomize=not N_INPUTS,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],  # some small files make large images
    )
    @given(content=broken_file(file_format))
    def survive(content):
        assert_survives(content, tally)

    with many_files_in_one_process():
        for seed in file_format.seeds:
            for split in file_format.splits:
                assert_survives(file_format.join(split(seed)), tally)
        assert tally == {"read": len(file_format.seeds) * len(file_format.splits)}  # all seeds are valid
        with limited_memory():
            survive()
    with capsys.disabled():
        print(f"\n{name}: {format_counts(tally)}")
    assert tally["read"] > len(file_format.seeds) * len(file_format.splits)  # some changes do no damage
    assert len(tally) >= 3


@pytest.mark.timeout(3600 if N_INPUTS else 300)
def test_hostile_dicom_files_in_separate_processes_are_read_or_refused(capsys):
    tally: Counter = Counter()

    @settings(
        settings.get_profile("steady"), max_examples=N_INPUTS // 20 or 25, derandomize=not N_INPUTS, print_blob=True
    )
    @given(content=broken_file(FORMATS["DICOM"]))
    def survive(content):
        assert_survives(content, tally)

    survive()
    with capsys.disabled():
        print(f"\nDICOM, separate processes: {format_counts(tally)}")
    assert len(tally) >= 3


def format_counts(tally: Counter) -> str:
    counts = ", ".join(f"{count:,} {result}" for result, count in tally.most_common())
    return f"{tally.total():,} hostile files: {counts}"


@pytest.mark.parametrize(
    ("decoder", "error"),
    [
        (lambda _: 1 / 0, ZeroDivisionError),
        (lambda _: bytearray(2 * MAX_MEMORY), MemoryError),
        (lambda _: sum(range(10**7)), AssertionError),
    ],
    ids=["another error", "too much memory", "too much time"],
)
def test_other_failures_of_a_decoder_are_detected(monkeypatch, decoder, error):
    monkeypatch.setattr("tests.support.fuzzing.decode", decoder)
    monkeypatch.setattr("tests.support.fuzzing.assert_valid", lambda _: None)
    monkeypatch.setattr("tests.support.fuzzing.MAX_CPU_SECONDS", 0.02)
    with limited_memory(), pytest.raises(error):
        assert_survives(b"", Counter())
