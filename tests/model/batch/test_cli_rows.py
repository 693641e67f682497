"""`python -m model read`: what a row says, and of a picture that may not be read."""

import csv
import io

import numpy as np

from model.batch import cli, file_reader
from model.codes import RefusalReason, code_sentence
from model.imaging.decode import decode
from model.inference.finding import restate
from model.inference.finding_rows import COLUMNS
from model.inference.release_loader import load_release
from tests.support.gates import ShutGate
from tests.support.model_cli import one_reader, open_gate, read, scans_of_all_sorts  # noqa: F401 (fixtures)
from tests.support.synthetic import synthetic_file

# --- findings


def test_rows_say_what_the_reader_says(scans, capsys, reader):
    _, rows = read(capsys, scans / "b.png")
    finding = reader.read(decode(synthetic_file()))

    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["probability"] == finding.probability
    assert rows[0]["verdict"] == finding.verdict
    assert rows[0]["threshold"] == finding.operating_point.threshold
    assert rows[0]["model_version"] == load_release().version


def test_operating_point_and_prevalence_are_those_asked_for(scans, capsys, reader):
    release, finding = reader.release, reader.read(decode(synthetic_file()))
    for point in release.operating_points:
        _, rows = read(capsys, scans / "b.png", "--operating-point", point.name, "--prevalence", "0.2")
        expected = restate(finding, release, point, 0.2)
        assert (rows[0]["operating_point"], rows[0]["prevalence"]) == (point.name, 0.2)
        assert rows[0]["probability"] == expected.probability
        assert rows[0]["threshold"] == expected.operating_point.threshold
        assert rows[0]["verdict"] == expected.verdict


def test_without_a_word_on_prevalence_it_is_that_of_the_training_pictures(scans, capsys, reader):
    _, rows = read(capsys, scans / "b.png")
    assert rows[0]["prevalence"] == reader.release.training_prevalence
    assert rows[0]["operating_point"] == reader.release.default_operating_point


def test_a_row_says_that_no_lungs_were_found(scans, capsys, reader, monkeypatch):
    _, rows = read(capsys, scans / "b.png")
    assert rows[0]["cautions"] == []
    monkeypatch.setattr(reader.segmenter, "probability_map", lambda _: np.zeros((8, 8), np.float32))
    status, rows = read(capsys, scans / "b.png")
    assert (status, rows[0]["status"]) == (0, "read")
    assert rows[0]["cautions"] == ["lungs_not_found"]


def test_csv_holds_the_rows_of_json(scans, capsys):
    _, rows = read(capsys, scans)
    assert cli.main(["read", str(scans), "--format", "csv"]) == 3
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))

    assert [tuple(line) for line in table] == [COLUMNS] * len(rows)
    for line, row in zip(table, rows, strict=True):
        texts = {name: "" if value is None else str(value) for name, value in row.items()}
        assert line == texts | {"cautions": ";".join(row["cautions"])}


# --- admission


def test_a_picture_that_may_not_be_read_gets_a_row_with_the_reason_and_no_heat_map(
    scans, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(file_reader, "Gate", ShutGate)
    status, (row,) = read(capsys, scans / "b.png", "--heatmaps", tmp_path / "maps")
    assert status == 3
    assert (row["status"], row["probability"], row["read_anyway"]) == ("refused", None, False)
    assert (row["reason_code"], row["reason"]) == ("cropped", code_sentence(RefusalReason.CROPPED))
    assert not (tmp_path / "maps").exists()


def test_it_is_read_where_that_is_asked_for_and_its_row_says_so(scans, tmp_path, capsys, monkeypatch, reader):
    monkeypatch.setattr(file_reader, "Gate", ShutGate)
    status, (row,) = read(capsys, scans / "b.png", "--read-anyway", "--heatmaps", tmp_path / "maps")
    assert status == 0
    assert (row["status"], row["read_anyway"]) == ("read", True)
    assert row["probability"] == reader.read(decode(synthetic_file())).probability
    assert (row["reason_code"], row["reason"]) == ("cropped", code_sentence(RefusalReason.CROPPED))
    assert (tmp_path / "maps" / "b.npy").exists()


def test_what_is_no_picture_is_not_read_anyway_either(scans, capsys):
    status, (row,) = read(capsys, scans / "ward" / "no picture.png", "--read-anyway")
    assert (status, row["status"], row["reason_code"]) == (3, "refused", "unsupported_format")


def test_a_picture_that_may_be_read_is_not_called_read_anyway(scans, capsys):
    _, (row,) = read(capsys, scans / "b.png", "--read-anyway")
    assert (row["read_anyway"], row["reason_code"], row["reason"]) == (False, "", "")
