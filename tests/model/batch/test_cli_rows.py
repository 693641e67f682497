"""`python -m model read`: the content of a row, and images that are refused."""

import csv
import io

import numpy as np
import pytest

from model.batch import cli, file_reader
from model.codes import Population, RefusalReason
from model.imaging.decode import decode
from model.inference.decision import Calibration
from model.inference.finding import present
from model.inference.finding_rows import COLUMNS
from model.inference.release_loader import Release, load_release
from model.sentences import render_codes
from tests.support.dicom_files import dicom_file
from tests.support.gates import ShutGate
from tests.support.model_cli import read, usage_error
from tests.support.populations import children_rules, with_adults
from tests.support.synthetic import synthetic_file

pytestmark = pytest.mark.usefixtures("shared_classifier", "open_gate")

# --- findings


def test_a_row_has_the_finding_of_the_classifier(scans, capsys, classifier):
    _, rows = read(capsys, scans / "b.png")
    finding = classifier.read(decode(synthetic_file()))

    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["probability"] == finding.probability
    assert rows[0]["verdict"] == finding.verdict
    assert rows[0]["threshold"] == finding.operating_point.threshold
    assert rows[0]["model_version"] == load_release().version


def test_a_row_uses_the_requested_operating_point_and_prevalence(scans, capsys, classifier):
    release, finding = classifier.release, classifier.read(decode(synthetic_file()))
    for point in children_rules(release).operating_points:
        _, rows = read(capsys, scans / "b.png", "--operating-point", point.name, "--prevalence", "0.2")
        expected = present(finding, release, population=Population.CHILDREN, operating_point=point.name, prevalence=0.2)
        assert (rows[0]["operating_point"], rows[0]["prevalence"]) == (point.name, 0.2)
        assert rows[0]["probability"] == expected.probability
        assert rows[0]["threshold"] == expected.operating_point.threshold
        assert rows[0]["verdict"] == expected.verdict


def test_default_prevalence_and_operating_point_are_those_of_the_release(scans, capsys, classifier):
    _, rows = read(capsys, scans / "b.png")
    assert rows[0]["prevalence"] == children_rules(classifier.release).training_prevalence
    assert rows[0]["operating_point"] == children_rules(classifier.release).default_operating_point


@pytest.fixture
def adults_too(classifier, monkeypatch) -> Release:
    """Let the release have rules for adults, too."""
    release = with_adults(classifier.release, calibration=Calibration(0.5, -1.0))
    monkeypatch.setattr(classifier, "release", release)
    return release


@pytest.mark.parametrize(
    ("options", "population"),
    [([], None), (["--population", "children"], Population.CHILDREN), (["--population", "adults"], Population.ADULTS)],
)
def test_the_option_states_the_population_of_patients_of_unknown_age(
    scans, capsys, classifier, adults_too, options, population
):
    finding = classifier.read(decode(synthetic_file()))
    _, (row,) = read(capsys, scans / "b.png", *options)

    assert row["population"] == str(population or "unknown")
    assert row["probability"] == present(finding, adults_too, population=population).probability
    assert row["cautions"] == ([] if population else ["age_unknown"])


@pytest.mark.usefixtures("adults_too")
@pytest.mark.parametrize(("age", "population"), [("040Y", "adults"), ("003Y", "children")])
def test_the_age_in_a_file_overrides_the_option(tmp_path, capsys, age, population):
    (tmp_path / "chest.dcm").write_bytes(dicom_file(PatientAge=age))
    for option in ("children", "adults"):
        _, (row,) = read(capsys, tmp_path / "chest.dcm", "--population", option)
        assert (row["population"], row["cautions"]) == (population, [])


def test_a_release_of_one_population_needs_no_option_and_refuses_another_population(scans, capsys):
    for option in ([], ["--population", "children"]):
        _, (row,) = read(capsys, scans / "b.png", *option)
        assert (row["population"], row["cautions"]) == ("children", [])
    message = usage_error(capsys, "read", scans / "b.png", "--population", "adults")
    assert message.endswith("--population: the trained model was trained on children\n")


def test_a_row_has_a_caution_if_no_lungs_were_found(scans, capsys, classifier, monkeypatch):
    _, rows = read(capsys, scans / "b.png")
    assert rows[0]["cautions"] == []
    monkeypatch.setattr(classifier.segmenter, "probability_map", lambda _: np.zeros((8, 8), np.float32))
    status, rows = read(capsys, scans / "b.png")
    assert (status, rows[0]["status"]) == (0, "read")
    assert rows[0]["cautions"] == ["lungs_not_found"]


def test_csv_has_the_rows_of_json(scans, capsys):
    _, rows = read(capsys, scans)
    assert cli.main(["read", str(scans), "--format", "csv"]) == 3
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))

    assert [tuple(line) for line in table] == [COLUMNS] * len(rows)
    for line, row in zip(table, rows, strict=True):
        texts = {name: "" if value is None else str(value) for name, value in row.items()}
        assert line == texts | {"cautions": ";".join(row["cautions"])}


# --- admission


def test_a_refused_image_has_a_row_with_the_reason_and_no_heat_map(scans, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(file_reader, "AdmissionGate", ShutGate)
    status, (row,) = read(capsys, scans / "b.png", "--heatmaps", tmp_path / "maps")
    assert status == 3
    assert (row["status"], row["probability"], row["read_anyway"]) == ("refused", None, False)
    assert (row["reason_code"], row["reason"]) == ("cropped", render_codes([RefusalReason.CROPPED]))
    assert not (tmp_path / "maps").exists()


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--include-refused", "--read-anyway"])
def test_a_refused_image_is_read_on_request_and_its_row_is_marked(
    scans, tmp_path, capsys, monkeypatch, classifier, option
):
    monkeypatch.setattr(file_reader, "AdmissionGate", ShutGate)
    status, (row,) = read(capsys, scans / "b.png", option, "--heatmaps", tmp_path / "maps")
    assert status == 0
    assert (row["status"], row["read_anyway"]) == ("read", True)
    assert row["probability"] == classifier.read(decode(synthetic_file())).probability
    assert (row["reason_code"], row["reason"]) == ("cropped", render_codes([RefusalReason.CROPPED]))
    assert (tmp_path / "maps" / "b.npy").exists()


def test_a_file_that_is_not_an_image_is_refused_even_on_request(scans, capsys):
    status, (row,) = read(capsys, scans / "ward" / "not an image.png", "--include-refused")
    assert (status, row["status"], row["reason_code"]) == (3, "refused", "unsupported_format")


def test_an_admitted_image_is_not_marked_as_read_anyway(scans, capsys):
    _, (row,) = read(capsys, scans / "b.png", "--include-refused")
    assert (row["read_anyway"], row["reason_code"], row["reason"]) == (False, "", "")
