"""Radiographs with one property that made their reading wrong, in the folder `cases` next to the data set.

`expected.csv` says what is right: "same" is the verdict of the unchanged radiograph, `plain__<name>.png`, without a
caution, "same or warn" that verdict with or without a caution, and "refuse or warn" a refusal or a caution.
"""

import csv
from pathlib import Path

import pytest

from model.admission.gate import AdmissionGate
from model.codes import Caution, RefusalReason
from model.errors import FileRefused
from model.imaging.decode import decode
from model.inference.classifier import load_model
from model.inference.finding import Finding, present
from model.inference.population import population_of
from tests.support.dicom_samples import samples_folder

pytestmark = [pytest.mark.dataset, pytest.mark.slow]
FOLDER = samples_folder("cases")
# They need a network that brightness does not influence, and an admission check that knows such images.
NOT_YET_RIGHT = ("half_as_bright", "top_30_cut")


def expected_rows() -> list[dict[str, str]]:
    path = FOLDER / "expected.csv"
    return list(csv.DictReader(path.read_text().splitlines())) if path.is_file() else []


def parameters() -> list[object]:
    reason = "needs a new network or admission check"
    strict = pytest.mark.xfail(strict=True, reason=reason)
    return [
        pytest.param(row, id=row["file"], marks=strict if row["case"] in NOT_YET_RIGHT else ())
        for row in expected_rows()
    ]


@pytest.fixture(scope="module")
def gate() -> AdmissionGate:
    return AdmissionGate.from_classifier(load_model())


def read(gate: AdmissionGate, path: Path) -> Finding | FileRefused:
    """Return the finding of a file, with all cautions, or its refusal."""
    try:
        radiograph = decode(path.read_bytes())
        finding = gate.read(gate.examine(radiograph))
    except FileRefused as refusal:
        return refusal
    release = gate.classifier.release
    age = radiograph.metadata.age_years if radiograph.metadata else None
    return present(finding, release, population=population_of(age, None, release.populations), age_years=age)


@pytest.mark.parametrize("row", parameters())
def test_a_case_is_read_as_expected(row, gate):
    name = row["file"].removeprefix(f"{row['case']}__").partition(".")[0]
    result, plain = read(gate, FOLDER / row["file"]), read(gate, FOLDER / f"plain__{name}.png")
    assert isinstance(plain, Finding)
    if isinstance(result, FileRefused):
        assert row["right"].startswith("refuse")
        assert result.code == RefusalReason.NO_CONTRAST or "contrast" not in row["right"]
    elif row["right"] == "refuse or warn":
        assert result.cautions
    elif row["right"].startswith("caution: "):
        assert Caution(row["right"].removeprefix("caution: ")) in result.cautions
    else:
        assert row["right"] in ("same", "same or warn")
        assert result.verdict == plain.verdict
        assert row["right"] == "same or warn" or not result.cautions
