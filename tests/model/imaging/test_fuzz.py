"""Whatever a file holds, it is read or refused in a sentence, in bounded time and memory.

make fuzz    # 12,000 new inputs of each format, where `make test` tries 250, the same at every run

DICOM files share a process, for each takes a third of a second to start; some have one of their own, as in the program.
"""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.dicom_worker import many_files_in_one_process
from tests.support.fuzzing import FORMATS, MEMORY, hostile, limited_memory, survived

LONG = int(os.environ.get("FUZZ", 0))  # inputs of each format
pytestmark = pytest.mark.linux


@pytest.mark.timeout(3600 if LONG else 120)
@pytest.mark.parametrize("name", FORMATS)
def test_hostile_files_are_read_or_refused(name, capsys):
    tally: Counter = Counter()
    form = FORMATS[name]

    @settings(
        settings.get_profile("steady"),
        max_examples=LONG or 250,
        derandomize=not LONG,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],  # where large pictures are made from small files
    )
    @given(content=hostile(form))
    def survive(content):
        survived(content, tally)

    with many_files_in_one_process():
        for seed in form.seeds:
            for split in form.splits:
                survived(form.join(split(seed)), tally)
        assert tally == {"read": len(form.seeds) * len(form.splits)}  # unbroken, all are sound
        with limited_memory():
            survive()
    with capsys.disabled():
        print(f"\n{name}: {counted(tally)}")
    assert tally["read"] > len(form.seeds) * len(form.splits)  # some damage is none
    assert len(tally) >= 3


@pytest.mark.timeout(3600 if LONG else 300)
def test_a_hostile_clinical_file_that_has_a_process_of_its_own_is_read_or_refused(capsys):
    tally: Counter = Counter()

    @settings(settings.get_profile("steady"), max_examples=LONG // 20 or 25, derandomize=not LONG, print_blob=True)
    @given(content=hostile(FORMATS["DICOM"]))
    def survive(content):
        survived(content, tally)

    survive()
    with capsys.disabled():
        print(f"\nDICOM, each apart: {counted(tally)}")
    assert len(tally) >= 3


def counted(tally: Counter) -> str:
    counts = ", ".join(f"{count:,} {result}" for result, count in tally.most_common())
    return f"{tally.total():,} hostile files: {counts}"


@pytest.mark.parametrize(
    ("decoder", "found"),
    [
        (lambda _: 1 / 0, ZeroDivisionError),
        (lambda _: bytearray(2 * MEMORY), MemoryError),
        (lambda _: sum(range(10**7)), AssertionError),
    ],
    ids=["another error", "too much memory", "too much time"],
)
def test_a_decoder_that_fails_otherwise_is_found(monkeypatch, decoder, found):
    monkeypatch.setattr("tests.support.fuzzing.decode", decoder)
    monkeypatch.setattr("tests.support.fuzzing.check", lambda _: None)
    monkeypatch.setattr("tests.support.fuzzing.SECONDS", 0.02)
    with limited_memory(), pytest.raises(found):
        survived(b"", Counter())
