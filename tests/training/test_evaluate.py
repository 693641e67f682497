"""Measuring a run: predictions, figures, curves, and the log of the test split."""

import csv
import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dataset.index import load_index
from dataset.quality.audit import audit_dataset as audit_set
from dataset.quality.features import scan_images
from dataset.split import split_for_training
from model.errors import DatasetError
from model.imaging.decode import decode
from model.imaging.preprocessing import working_image
from model.inference.classifier import Classifier
from model.inference.similar_cases import SimilarCaseIndex
from model.release_files import ReleaseFile
from tests.support.candidates import (  # noqa: F401 (fixtures)
    PARTS,
    as_measured,
    sentence,
    tiny_candidate,
    tiny_metrics,
    tiny_parts,
    tiny_predictions,
)
from training.calibration.operating_points import BALANCED
from training.evaluate import PREDICTION_COLUMNS, EvaluationOptions, evaluate, rows_of_split, test_split_openings
from training.evaluation.robustness import framings, perturbations
from training.evaluation.shortcut_audit import AuxiliaryData
from training.evaluation.similar_cases import similar_case_agreement
from training.evaluation.split_metrics import split_metrics


def test_predictions_tell_file_patient_split_label_cause_and_probability_of_every_picture(predictions, parts):
    assert list(predictions.columns) == PREDICTION_COLUMNS
    told = predictions[["file", "patient", "split", "label", "cause"]].itertuples(index=False, name=None)
    assert list(told) == [(r.path.name, r.patient, part, r.label, r.cause) for part in PARTS for r in parts.part(part)]
    assert predictions["probability"].between(0, 1).all()


def test_predictions_tell_how_bright_and_how_large_every_picture_is(predictions, parts):
    assert predictions[["width", "height"]].drop_duplicates().to_numpy().tolist() == [[40, 40]]
    for record in parts.test[::9]:
        working = working_image(decode(record.path.read_bytes()))
        told = predictions.set_index("file").loc[record.path.name]
        assert (told["intensity"], told["contrast"]) == pytest.approx((working.mean(), working.std()), abs=0.006)


def test_width_and_height_are_the_originals_where_a_table_tells_them(candidate, parts, tmp_path):
    (tmp_path / "sizes.csv").write_text(f"file,width,height\n{parts.test[0].path.name},1200,900\n")
    extras = AuxiliaryData(sizes=tmp_path / "sizes.csv")

    evaluate(candidate, parts, EvaluationOptions(["test"], tmp_path, tmp_path / "TEST_LOG.csv", "abc", extras))

    told = pd.read_csv(tmp_path / ReleaseFile.PREDICTIONS)
    assert told.loc[0, ["width", "height"]].tolist() == [1200, 900]
    assert told.loc[1:, ["width", "height"]].isna().all(axis=None)


def test_a_picture_that_cannot_be_read_is_named_and_nothing_is_measured_or_logged(candidate, own_set, tmp_path):
    damaged = own_set / "test" / "NORMAL" / "IM-0201-0001.jpeg"
    damaged.write_bytes(b"no picture")
    log, out = tmp_path / "TEST_LOG.csv", tmp_path / "out"

    with pytest.raises(DatasetError, match=rf"^{damaged.name} cannot be read: .*\. Replace or remove the file\.$"):
        evaluate(
            candidate,
            split_for_training(load_index(own_set)),
            EvaluationOptions(["test"], out, log, "abc", AuxiliaryData()),
        )
    assert not log.exists()
    assert not list(out.iterdir())


def test_probabilities_are_those_that_the_app_reads(predictions, parts, candidate):
    classifier = Classifier(candidate)
    for record in parts.test[::9]:
        (told,) = predictions.loc[predictions["file"] == record.path.name, "probability"]
        assert classifier.read(decode(record.path.read_bytes())).probability == told


def test_the_metrics_are_those_of_the_predictions(metrics, predictions, candidate):
    point = candidate.operating_point()

    assert metrics["operating_point"] == {"name": point.name, "threshold": point.threshold}
    assert metrics["network_sha256"] == hashlib.sha256(candidate.network).hexdigest()
    assert metrics["splits"] == {part: split_metrics(rows_of_split(predictions, part), candidate) for part in PARTS}


def test_the_curves_begin_and_end_where_they_must_and_enclose_the_auc(candidate, metrics):
    curves = pd.read_csv(candidate.directory / ReleaseFile.CURVES)

    assert list(curves.columns) == ["split", "curve", "threshold", "x", "y"]
    for part in PARTS:
        roc = curves[(curves["split"] == part) & (curves["curve"] == "roc")]
        assert roc[["x", "y"]].iloc[0].tolist() == [0, 0]
        assert roc[["x", "y"]].iloc[-1].tolist() == [1, 1]
        assert np.trapezoid(roc["y"], roc["x"]) == pytest.approx(metrics["splits"][part]["auc"]["value"])
        precision_recall = curves[(curves["split"] == part) & (curves["curve"] == "precision_recall")]
        assert precision_recall[["x", "y"]].iloc[-1].tolist() == [0, 1]


def test_validation_is_also_measured_under_every_shift(metrics, parts):
    stress = metrics["stress_validation"]

    assert stress["n"] == len(parts.validation)
    assert stress["shifts"].keys() == perturbations().keys() | framings().keys()
    areas = [one["auc"] for one in stress["shifts"].values()]
    assert (stress["mean_auc"], stress["worst_auc"]) == (pytest.approx(np.mean(areas)), min(areas))
    of_class = {label: sum(r.label == label for r in parts.validation) for label in ("NORMAL", "PNEUMONIA")}
    assert {label: of["n"] for label, of in stress["conformal"]["coverage"].items()} == {
        label: n * len(stress["shifts"]) for label, n in of_class.items()
    }
    assert stress["calibration"]["prevalence"] == 0.5


def test_with_all_parts_named_the_set_is_described_for_those_who_have_no_pictures(candidate, metrics, parts):
    seen = scan_images(Classifier(candidate), {part: parts.part(part) for part in PARTS})

    assert json.loads((candidate.directory / ReleaseFile.DATASET_AUDIT).read_text()) == audit_set(seen)
    with np.load(candidate.directory / ReleaseFile.SIMILAR_CASES) as arrays:
        index = SimilarCaseIndex(**arrays)
    assert index.files.tolist() == [record.path.name for record in parts.training]
    assert metrics["neighbours"] == similar_case_agreement(index, seen, "test")
    with np.load(candidate.directory / ReleaseFile.MEAN_RADIOGRAPHS) as arrays:
        assert list(arrays) == []  # none of a hundred pictures


@pytest.mark.parametrize("names", [["test"], ["training", "validation"]])
def test_with_a_part_left_out_the_set_is_not_described(candidate, parts, tmp_path, names):
    metrics = evaluate(
        candidate, parts, EvaluationOptions(names, tmp_path / "out", tmp_path / "TEST_LOG.csv", "abc", AuxiliaryData())
    )

    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        ReleaseFile.METRICS,
        ReleaseFile.PREDICTIONS,
        ReleaseFile.CURVES,
    }
    assert "neighbours" not in metrics


def test_every_opening_of_the_test_part_is_one_more_row_under_one_header(measured_run, candidate, parts, tmp_path):
    log = Path(shutil.copy(measured_run.with_name("TEST_LOG.csv"), tmp_path))
    assert test_split_openings(log) == 1

    measured = evaluate(candidate, parts, EvaluationOptions(["test"], tmp_path / "out", log, "abc", AuxiliaryData()))
    evaluate(candidate, parts, EvaluationOptions(["validation"], tmp_path / "out", log, "abc", AuxiliaryData()))

    assert test_split_openings(log) == 2
    with log.open(newline="") as file:
        header, first, second = csv.reader(file)
    assert header == ["date", "commit", "network_sha256", "n", "auc", "accuracy", "sensitivity", "specificity"]
    assert second[1:4] == ["abc", measured["network_sha256"], str(len(parts.test))]
    of_test = measured["splits"]["test"]
    at_point = of_test | of_test["operating_points"][BALANCED]
    assert [float(figure) for figure in second[4:]] == [at_point[name]["value"] for name in header[4:]]
    assert first[2:] == second[2:]


def test_without_a_log_the_test_part_was_never_opened(tmp_path):
    assert test_split_openings(tmp_path / "TEST_LOG.csv") == 0


def test_a_part_without_pictures_is_named_before_anything_is_read_or_logged(candidate, parts, tmp_path):
    without_test = dataclasses.replace(parts, test=[])

    words = "The data set holds no test pictures. Name other parts with --split."
    with pytest.raises(DatasetError, match=sentence(words)):
        evaluate(
            candidate,
            without_test,
            EvaluationOptions(PARTS, tmp_path / "out", tmp_path / "TEST_LOG.csv", "abc", AuxiliaryData()),
        )
    assert not list(tmp_path.iterdir())
