"""Fuzzing: any file is read or refused with a message, in bounded time and memory.

`make full` tries 250 inputs of each format, the same in every run; `make soak` tries 12,000 new ones.

DICOM files share a process, because starting a process takes a third of a second. In one test each file has its own
process, as in the program.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.dicom_worker import many_files_in_one_process
from tests.support.fuzzing import FORMATS, MAX_MEMORY, assert_survives, broken_file, limited_memory

N_FIXED, N_NEW = 250, 12_000  # inputs of each format
PROCESSES_SHARE = 1 / 4  # of the inputs, in the test that starts a process for each
SOAK = pytest.param(True, marks=[pytest.mark.soak, pytest.mark.timeout(3600)], id="new inputs")
FIXED = pytest.param(False, marks=pytest.mark.timeout(300), id="fixed inputs")
pytestmark = pytest.mark.linux


def fuzzing_settings(new_inputs: bool, share: float = 1) -> settings:
    return settings(
        settings.get_profile("steady"),
        max_examples=round(share * (N_NEW if new_inputs else N_FIXED)),
        derandomize=not new_inputs,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],  # some small files make large images
    )


@pytest.mark.parametrize("new_inputs", [FIXED, SOAK])
@pytest.mark.parametrize("name", FORMATS)
def test_malformed_files_are_read_or_refused(name, new_inputs, capsys):
    tally: Counter = Counter()
    file_format = FORMATS[name]

    @fuzzing_settings(new_inputs)
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


@pytest.mark.parametrize("new_inputs", [FIXED, SOAK])
def test_malformed_dicom_files_in_separate_processes_are_read_or_refused(new_inputs, capsys):
    tally: Counter = Counter()

    @fuzzing_settings(new_inputs, PROCESSES_SHARE)
    @given(content=broken_file(FORMATS["DICOM"]))
    def survive(content):
        assert_survives(content, tally)

    survive()
    with capsys.disabled():
        print(f"\nDICOM, separate processes: {format_counts(tally)}")
    assert len(tally) >= 3


def format_counts(tally: Counter) -> str:
    counts = ", ".join(f"{count:,} {result}" for result, count in tally.most_common())
    return f"{tally.total():,} malformed files: {counts}"


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
