"""Evaluation of a run: predictions, metrics, curves, and the log of the test split."""

import csv
import dataclasses
import hashlib
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import dataset.images
import training.evaluate
from dataset.index import load_index
from dataset.quality.features import scan_images
from dataset.split import split_for_training
from model.codes import LABELS, SPLITS, Population, SplitName
from model.errors import TrainingError
from model.imaging.decode import decode
from model.imaging.preprocessing import working_image
from model.inference.classifier import Classifier
from model.inference.similar_cases import SimilarCaseIndex
from model.release_files import ReleaseFile
from tests.support.candidates import exactly
from tests.support.populations import children_rules
from tests.support.training import FEW_PERTURBATIONS
from training.calibration.operating_points import BALANCED
from training.evaluate import (
    PREDICTION_COLUMNS,
    EvaluationOptions,
    evaluate,
    rows_of_split,
)
from training.evaluation.robustness import STORAGE, framings
from training.evaluation.shortcut_audit import AuxiliaryData
from training.evaluation.similar_cases import similar_case_agreement
from training.evaluation.split_metrics import split_metrics
from training.evaluation.split_openings import count_openings
from training.release.candidate import CANDIDATE, load_candidate
from training.release.publish import MEASURED_FILES

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_samples")]


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_predictions_have_file_patient_split_label_cause_and_probability_of_every_image(predictions, split):
    assert list(predictions.columns) == PREDICTION_COLUMNS
    rows = predictions[["file", "patient", "split", "label", "cause"]].itertuples(index=False, name=None)
    assert list(rows) == [(r.path.name, r.patient, name, r.label, r.cause) for name in SPLITS for r in split.part(name)]
    assert predictions["probability"].between(0, 1).all()


def test_predictions_have_intensity_contrast_and_size_of_every_image(predictions, split):
    assert predictions[["width", "height"]].drop_duplicates().to_numpy().tolist() == [[40, 40]]
    for record in split.test[::9]:
        working = working_image(decode(record.path.read_bytes()))
        row = predictions.set_index("file").loc[record.path.name]
        assert (row["intensity"], row["contrast"]) == pytest.approx((working.mean(), working.std()), abs=0.006)


def test_width_and_height_are_those_of_the_original_if_a_table_is_given(candidate, split, tmp_path):
    (tmp_path / "sizes.csv").write_text(f"file,width,height\n{split.test[0].path.name},1200,900\n")
    auxiliary = AuxiliaryData(original_sizes=tmp_path / "sizes.csv")

    evaluate(
        candidate, split, EvaluationOptions([SplitName.TEST], tmp_path, tmp_path / "TEST_LOG.csv", "abc", auxiliary)
    )

    sizes = pd.read_csv(tmp_path / ReleaseFile.PREDICTIONS)[["width", "height"]]
    assert sizes.loc[0].tolist() == [1200, 900]
    assert sizes.loc[1:].isna().all(axis=None)


def test_an_image_that_cannot_be_read_is_named_and_nothing_is_written_or_logged(candidate, own_set, tmp_path):
    damaged = own_set / "test" / "NORMAL" / "IM-0201-0001.jpeg"
    damaged.write_bytes(b"not an image")
    log, out = tmp_path / "TEST_LOG.csv", tmp_path / "out"

    with pytest.raises(TrainingError, match=rf"^{damaged.name} cannot be read: .*\. Replace or remove the file\.$"):
        evaluate(
            candidate,
            split_for_training(load_index(own_set)),
            EvaluationOptions([SplitName.TEST], out, log, "abc", AuxiliaryData()),
        )
    assert not log.exists()
    assert not list(out.iterdir())


def test_probabilities_are_those_of_the_app(predictions, split, candidate):
    classifier = Classifier(candidate)
    for record in split.test[::9]:
        (probability,) = predictions.loc[predictions["file"] == record.path.name, "probability"]
        assert classifier.read(decode(record.path.read_bytes())).probability == probability


def test_the_metrics_are_those_of_the_predictions(metrics, predictions, candidate):
    rules = children_rules(candidate)
    point = rules.operating_point()

    assert metrics["operating_point"] == {"name": point.name, "threshold": point.threshold}
    assert metrics["network_sha256"] == hashlib.sha256(candidate.network).hexdigest()
    assert metrics["splits"] == {name: split_metrics(rows_of_split(predictions, name), rules) for name in SPLITS}


def test_the_curves_have_the_correct_end_points_and_area(candidate, metrics):
    curves = pd.read_csv(candidate.directory / ReleaseFile.CURVES)

    assert list(curves.columns) == ["split", "curve", "threshold", "x", "y", "population"]
    for name in SPLITS:
        roc = curves[(curves["split"] == name) & (curves["curve"] == "roc")]
        assert roc[["x", "y"]].iloc[0].tolist() == [0, 0]
        assert roc[["x", "y"]].iloc[-1].tolist() == [1, 1]
        assert np.trapezoid(roc["y"], roc["x"]) == pytest.approx(metrics["splits"][name]["auc"]["value"])
        precision_recall = curves[(curves["split"] == name) & (curves["curve"] == "precision_recall")]
        assert precision_recall[["x", "y"]].iloc[-1].tolist() == [0, 1]


def test_validation_is_also_measured_under_every_perturbation(metrics, split):
    measured = metrics["stress_validation"]

    assert measured["n"] == len(split.validation)
    assert measured["shifts"].keys() == {*FEW_PERTURBATIONS, *framings()}
    aucs = [shift["auc"] for shift in measured["shifts"].values()]
    assert (measured["mean_auc"], measured["worst_auc"]) == (pytest.approx(np.mean(aucs)), min(aucs))
    counts = {label: sum(r.label == label for r in split.validation) for label in LABELS}
    assert {label: share["n"] for label, share in measured["conformal"]["coverage"].items()} == {
        label: n * len(measured["shifts"]) for label, n in counts.items()
    }
    assert measured["calibration"]["prevalence"] == 0.5


def test_the_test_split_is_also_measured_as_other_software_might_store_it(metrics, split):
    stored = metrics["stress_test"]

    assert stored["n"] == len(split.test)
    assert stored["unperturbed"]["auc"] == pytest.approx(metrics["splits"][SplitName.TEST]["auc"]["value"])
    assert stored["shifts"].keys() == {name for name in FEW_PERTURBATIONS if name.split(":")[0] in STORAGE}


def test_an_evaluation_of_all_splits_measures_the_similar_cases_of_the_release(candidate, metrics, split):
    inventory = scan_images(Classifier(candidate), {name: split.part(name) for name in SPLITS})

    index = SimilarCaseIndex.from_release(candidate)
    assert metrics["similar_cases"] == similar_case_agreement(index, inventory, SplitName.TEST)


def test_only_the_measured_files_and_the_checksums_of_a_candidate_change(packaged_run, candidate):
    packaged = read_files(packaged_run / CANDIDATE)
    measured = read_files(candidate.directory)

    new_names = {*MEASURED_FILES}
    assert measured.keys() == packaged.keys() | new_names
    unchanged = packaged.keys() - {ReleaseFile.CHECKSUMS}
    assert {name: measured[name] for name in unchanged} == {name: packaged[name] for name in unchanged}
    assert candidate.checksums.keys() == unchanged | new_names


def test_a_second_evaluation_writes_the_same_bytes_and_decodes_each_validation_image_once(
    own_measured_run, split, not_chest_set, tmp_path, monkeypatch
):
    decoded = Counter()

    def count(content: bytes):
        decoded[content] += 1
        return decode(content)

    monkeypatch.setattr(dataset.images, "decode", count)
    first = read_files(own_measured_run / CANDIDATE)
    release = load_candidate(own_measured_run)

    auxiliary = AuxiliaryData(not_chest=not_chest_set)
    evaluate(release, split, EvaluationOptions(SPLITS, release.directory, tmp_path / "log.csv", "abc", auxiliary))

    assert read_files(own_measured_run / CANDIDATE) == first
    assert {decoded[record.path.read_bytes()] for record in split.validation} == {1}


def test_a_killed_evaluation_leaves_a_candidate_without_metrics(own_measured_run, split, tmp_path, monkeypatch):
    def kill(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.evaluate, "write_json", kill)
    release = load_candidate(own_measured_run)

    with pytest.raises(KeyboardInterrupt):
        evaluate(
            release,
            split,
            EvaluationOptions([SplitName.TEST], release.directory, tmp_path / "log.csv", "abc", AuxiliaryData()),
        )

    assert not set(MEASURED_FILES) & load_candidate(own_measured_run).checksums.keys()


@pytest.mark.parametrize("names", [[SplitName.TEST], [SplitName.TRAINING, SplitName.VALIDATION]])
def test_an_evaluation_of_some_splits_writes_metrics_predictions_and_curves_only(candidate, split, tmp_path, names):
    metrics = evaluate(
        candidate, split, EvaluationOptions(names, tmp_path / "out", tmp_path / "TEST_LOG.csv", "abc", AuxiliaryData())
    )

    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        ReleaseFile.METRICS,
        ReleaseFile.PREDICTIONS,
        ReleaseFile.CURVES,
    }
    assert "similar_cases" not in metrics


def test_every_measurement_on_test_appends_one_row_under_one_header(measured_run, candidate, split, tmp_path):
    log = Path(shutil.copy(measured_run.with_name("TEST_LOG.csv"), tmp_path))
    assert count_openings(log, Population.CHILDREN) == 1

    measured = evaluate(
        candidate, split, EvaluationOptions([SplitName.TEST], tmp_path / "out", log, "abc", AuxiliaryData())
    )
    evaluate(candidate, split, EvaluationOptions([SplitName.TRAINING], tmp_path / "out", log, "abc", AuxiliaryData()))

    assert count_openings(log, Population.CHILDREN) == 2
    with log.open(newline="") as file:
        header, first, second = csv.reader(file)
    assert header == [
        *("date", "commit", "network_sha256", "n", "auc", "accuracy", "sensitivity", "specificity", "population")
    ]
    assert second[1:4] == ["abc", measured["network_sha256"], str(len(split.test))]
    test_metrics = measured["splits"][SplitName.TEST]
    at_point = test_metrics | test_metrics["operating_points"][BALANCED]
    assert [float(value) for value in second[4:-1]] == [at_point[name]["value"] for name in header[4:-1]]
    assert second[-1] == Population.CHILDREN
    assert first[2:] == second[2:]


def test_without_a_log_the_test_split_has_no_openings(tmp_path):
    assert count_openings(tmp_path / "TEST_LOG.csv", Population.CHILDREN) == 0


def test_an_empty_split_is_named_before_anything_is_read_or_logged(candidate, split, tmp_path):
    without_test = dataclasses.replace(split, test=[])

    message = "The data set contains no test images. Choose other splits with --split."
    with pytest.raises(TrainingError, match=exactly(message)):
        evaluate(
            candidate,
            without_test,
            EvaluationOptions(SPLITS, tmp_path / "out", tmp_path / "TEST_LOG.csv", "abc", AuxiliaryData()),
        )
    assert not list(tmp_path.iterdir())
