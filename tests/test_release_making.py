"""From a run to a release: measuring, choosing, publishing, and what stops each."""

import csv
import dataclasses
import errno
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import training.calibration
import training.release
from dataset.cut import Cut, cut
from dataset.index import load_index
from model.decode import decode
from model.errors import DatasetError, TrainingError
from model.reader import Reader
from model.release import LUNG_NETWORK, NETWORK, load_release
from model.release_tables import scores_of
from model.statistics import Scores
from tests.training_fixtures import FEW_FITS
from training.audit import Extras
from training.calibration import fit_calibration
from training.callbacks import HISTORY
from training.candidate import CANDIDATE, MAP_QUANTILE, assemble, see
from training.choice import BALANCED, RULE_IN, RULE_OUT, choose_conformal, choose_points
from training.evaluate import CURVES, METRICS, PREDICTIONS, Task, evaluate, of_split, times_tested
from training.fit import LUNGS, READER
from training.measures import measure_set
from training.release import CARD, Edition, publish
from training.stress import framings, read_shifted, shifts

PARTS = ("training", "validation", "test")
SECOND = Edition("1.1.0", "Reads better.", "1" * 40)
MEASURE_FIRST = "Run `python -m training evaluate --run ... --split training validation test` first."


@pytest.fixture(autouse=True)
def few_fits(monkeypatch):
    """As `measured_run` was measured."""
    monkeypatch.setattr(training.calibration, "FIT_DRAWS", FEW_FITS)


@pytest.fixture(scope="module")
def parts(tiny_set) -> Cut:
    return cut(load_index(tiny_set))


@pytest.fixture(scope="module")
def candidate(measured_run):
    return load_release(measured_run / CANDIDATE)


@pytest.fixture(scope="module")
def metrics(candidate) -> dict:
    return json.loads((candidate.directory / METRICS).read_text())


@pytest.fixture(scope="module")
def predictions(candidate) -> pd.DataFrame:
    return pd.read_csv(candidate.directory / PREDICTIONS)


@pytest.fixture
def old_release(published, tmp_path) -> Path:
    """A release that lies where a new one is to go."""
    return shutil.copytree(published, tmp_path / "release")


def publishing(run: Path, parts: Cut, target: Path) -> None:
    publish(load_release(run / CANDIDATE), parts, target, SECOND, times_tested=2)


def change_metrics(run: Path, **changed) -> None:
    path = run / CANDIDATE / METRICS
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def sentence(words: str) -> str:
    return f"^{re.escape(words)}$"


# --- measuring


def test_predictions_tell_file_patient_split_label_cause_and_probability_of_every_picture(predictions, parts):
    assert list(predictions.columns) == ["file", "patient", "split", "label", "cause", "probability"]
    told = predictions.drop(columns="probability").itertuples(index=False, name=None)
    assert list(told) == [(r.path.name, r.patient, part, r.label, r.cause) for part in PARTS for r in parts.part(part)]
    assert predictions["probability"].between(0, 1).all()


def test_probabilities_are_those_that_the_app_reads(predictions, parts, candidate):
    reader = Reader(candidate)
    for record in parts.test[::9]:
        (told,) = predictions.loc[predictions["file"] == record.path.name, "probability"]
        assert reader.read(decode(record.path.read_bytes())).probability == told


def test_the_metrics_are_those_of_the_predictions(metrics, predictions, candidate):
    point = candidate.operating_point()

    assert metrics["operating_point"] == {"name": point.name, "threshold": point.threshold}
    assert metrics["network_sha256"] == hashlib.sha256(candidate.network).hexdigest()
    assert metrics["splits"] == {part: measure_set(of_split(predictions, part), candidate) for part in PARTS}


def test_the_curves_begin_and_end_where_they_must_and_enclose_the_auc(candidate, metrics):
    curves = pd.read_csv(candidate.directory / CURVES)

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
    assert stress["shifts"].keys() == shifts().keys() | framings().keys()
    areas = [one["auc"] for one in stress["shifts"].values()]
    assert (stress["mean_auc"], stress["worst_auc"]) == (pytest.approx(np.mean(areas)), min(areas))
    of_class = {label: sum(r.label == label for r in parts.validation) for label in ("NORMAL", "PNEUMONIA")}
    assert {label: of["n"] for label, of in stress["conformal"]["coverage"].items()} == {
        label: n * len(stress["shifts"]) for label, n in of_class.items()
    }
    assert stress["calibration"]["prevalence"] == 0.5


def test_every_opening_of_the_test_part_is_one_more_row_under_one_header(measured_run, candidate, parts, tmp_path):
    log = Path(shutil.copy(measured_run.with_name("TEST_LOG.csv"), tmp_path))
    assert times_tested(log) == 1

    measured = evaluate(candidate, parts, Task(["test"], tmp_path / "out", log, "abc", Extras()))
    evaluate(candidate, parts, Task(["validation"], tmp_path / "out", log, "abc", Extras()))

    assert times_tested(log) == 2
    with log.open(newline="") as file:
        header, first, second = csv.reader(file)
    assert header == ["date", "commit", "network_sha256", "n", "auc", "accuracy", "sensitivity", "specificity"]
    assert second[1:4] == ["abc", measured["network_sha256"], str(len(parts.test))]
    of_test = measured["splits"]["test"]
    at_point = of_test | of_test["operating_points"][BALANCED]
    assert [float(figure) for figure in second[4:]] == [at_point[name]["value"] for name in header[4:]]
    assert first[2:] == second[2:]


def test_without_a_log_the_test_part_was_never_opened(tmp_path):
    assert times_tested(tmp_path / "TEST_LOG.csv") == 0


def test_a_part_without_pictures_is_named_before_anything_is_read_or_logged(candidate, parts, tmp_path):
    without_test = dataclasses.replace(parts, test=[])

    words = "The data set holds no test pictures. Name other parts with --split."
    with pytest.raises(DatasetError, match=sentence(words)):
        evaluate(candidate, without_test, Task(PARTS, tmp_path / "out", tmp_path / "TEST_LOG.csv", "abc", Extras()))
    assert not list(tmp_path.iterdir())


# --- the candidate


def test_a_run_that_has_not_ended_gives_no_candidate(own_run, parts):
    (own_run / READER).unlink()

    words = f"{own_run} holds no finished training run. Finish it with `python -m training fit --run {own_run}`."
    with pytest.raises(TrainingError, match=sentence(words)):
        assemble(own_run, parts)


def test_calibration_points_limits_and_map_scale_are_chosen_on_validation_alone(candidate, predictions, parts):
    scores = scores_of(of_split(predictions, "validation"))
    reader = Reader(candidate)
    raw = [reader.raw(picture[np.newaxis]) for picture in see(reader, parts.validation)]
    evidence = np.concatenate([one.class_activation_map.ravel() for one in raw])

    logits = np.array([one.logit for one in raw])
    chosen = fit_calibration(logits, scores.target)
    assert dataclasses.astuple(candidate.calibration) == pytest.approx(dataclasses.astuple(chosen), rel=1e-6)
    assert candidate.map_scale == pytest.approx(np.quantile(evidence[evidence > 0], MAP_QUANTILE))
    shifted = read_shifted(reader, parts.validation)
    times = 1 + len(shifts() | framings())
    pooled = Scores(
        np.tile(scores.target, times),
        candidate.calibration.probability(np.concatenate([logits, *shifted.values()])),
        np.tile(scores.patient, times),
    )
    where = "on 20 validation pictures, unshifted and under 20 shifts"
    points = choose_points(scores, pooled, where)
    assert [(p.name, p.chosen) for p in candidate.operating_points] == [(p["name"], p["chosen"]) for p in points]
    assert [p.threshold for p in candidate.operating_points] == pytest.approx(
        [p["threshold"] for p in points], rel=1e-9
    )
    limits = choose_conformal(pooled, where)
    assert candidate.conformal.chosen == limits.pop("chosen")
    assert {name: getattr(candidate.conformal, name) for name in limits} == pytest.approx(limits, rel=1e-9)


def test_a_candidate_has_three_points_of_which_the_balanced_is_the_default(candidate):
    assert [point.name for point in candidate.operating_points] == [RULE_OUT, BALANCED, RULE_IN]
    assert candidate.operating_point().name == BALANCED
    assert candidate.operating_point().chosen == (
        "Largest sensitivity + specificity - 1 on 20 validation pictures, unshifted and under 20 shifts."
    )


# --- publishing


def test_a_published_release_is_verified_and_reads(published, parts, predictions):
    release = load_release(published)

    finding = Reader(release).read(decode(parts.test[-1].path.read_bytes()))

    assert (finding.model_version, release.version) == ("1.0.0", "1.0.0")
    assert finding.probability == predictions["probability"].iloc[-1]


def test_a_release_lists_every_file_and_holds_no_other(published):
    listed = load_release(published).description["files"]

    assert listed.keys() == {NETWORK, READER, LUNG_NETWORK, LUNGS, HISTORY, METRICS, PREDICTIONS, CURVES, CARD}
    assert {path.name for path in published.iterdir()} == {*listed, "model.json"}
    assert not list(published.parent.glob("release.*"))


def test_a_release_tells_who_made_it_and_how_well_it_does(published, metrics, parts):
    described = load_release(published).description

    assert described["git_commit"] == "0" * 40
    assert described["changelog"] == [{"version": "1.0.0", "change": "First release."}]
    assert described["test_split_opened"] == 1
    assert described["metrics"]["test"]["auc"] == metrics["splits"]["test"]["auc"]
    assert described["dataset"]["pictures"] == {part: len(parts.part(part)) for part in PARTS}
    assert described["training_prevalence"] == 0.5
    card = (published / CARD).read_text()
    assert "model 1.0.0" in card
    assert f"{metrics['splits']['test']['auc']['value']:.3f}" in card


def test_a_new_release_replaces_the_old_one_and_goes_on_with_its_changelog(measured_run, parts, old_release):
    publishing(measured_run, parts, old_release)

    described = load_release(old_release).description
    assert described["version"] == "1.1.0"
    assert [entry["version"] for entry in described["changelog"]] == ["1.1.0", "1.0.0"]
    assert [path.name for path in old_release.parent.iterdir()] == [old_release.name]


def test_a_release_killed_between_its_renames_keeps_its_changelog(measured_run, parts, old_release):
    old_release.rename(old_release.with_name("release.old"))

    publishing(measured_run, parts, old_release)

    versions = [entry["version"] for entry in load_release(old_release).description["changelog"]]
    assert versions == ["1.1.0", "1.0.0"]


@pytest.mark.parametrize(
    ("name", "content", "versions"),
    [
        (NETWORK, b"damaged", ["1.1.0", "1.0.0"]),
        ("model.json", b"damaged", ["1.1.0"]),
        ("model.json", b"[]", ["1.1.0"]),
    ],
)
def test_a_broken_old_release_does_not_stop_a_new_one(measured_run, parts, old_release, name, content, versions):
    (old_release / name).write_bytes(content)

    publishing(measured_run, parts, old_release)

    assert [entry["version"] for entry in load_release(old_release).description["changelog"]] == versions


def test_a_release_of_another_format_is_replaced_and_its_changelog_goes_on(measured_run, parts, old_release):
    description = json.loads((old_release / "model.json").read_text())
    (old_release / "model.json").write_text(json.dumps(description | {"format": 1}))

    publishing(measured_run, parts, old_release)

    versions = [entry["version"] for entry in load_release(old_release).description["changelog"]]
    assert versions == ["1.1.0", "1.0.0"]


def assert_still_the_old_one(release: Path) -> None:
    assert load_release(release).version == "1.0.0"
    assert [path.name for path in release.parent.iterdir() if path.name.startswith("release")] == ["release"]


@pytest.mark.parametrize("name", [METRICS, PREDICTIONS, CURVES])
def test_a_candidate_that_was_not_measured_is_not_published(own_measured_run, parts, old_release, name):
    (own_measured_run / CANDIDATE / name).unlink()

    words = f"The candidate has not been measured ({name} missing). {MEASURE_FIRST}"
    with pytest.raises(TrainingError, match=sentence(words)):
        publishing(own_measured_run, parts, old_release)
    assert_still_the_old_one(old_release)


def test_metrics_of_other_weights_are_not_published(own_measured_run, parts, old_release):
    change_metrics(own_measured_run, network_sha256="0" * 64)

    words = f"The candidate's metrics belong to other weights. {MEASURE_FIRST}"
    with pytest.raises(TrainingError, match=sentence(words)):
        publishing(own_measured_run, parts, old_release)
    assert_still_the_old_one(old_release)


@pytest.mark.parametrize("alone", ["validation", "test"])
def test_a_candidate_measured_on_one_part_alone_is_not_published(own_measured_run, metrics, parts, old_release, alone):
    change_metrics(own_measured_run, splits={alone: metrics["splits"][alone]})

    words = f"The candidate has been measured on {alone} alone. {MEASURE_FIRST}"
    with pytest.raises(TrainingError, match=sentence(words)):
        publishing(own_measured_run, parts, old_release)
    assert_still_the_old_one(old_release)


def test_a_release_whose_files_disagree_is_not_published(measured_run, parts, old_release, monkeypatch):
    def disagree(*_):
        raise TrainingError("Keras and LiteRT differ.")

    monkeypatch.setattr(training.release, "check_agreement", disagree)

    with pytest.raises(TrainingError, match=r"^Keras and LiteRT differ\.$"):
        publishing(measured_run, parts, old_release)
    assert_still_the_old_one(old_release)


@pytest.mark.parametrize("where", [(shutil, "copy2"), (Path, "write_text")], ids=["copying", "describing"])
def test_a_disk_that_fills_up_leaves_the_old_release_and_nothing_beside_it(
    measured_run, parts, old_release, monkeypatch, where
):
    candidate = load_release(measured_run / CANDIDATE)
    owner, name = where
    whole, written = getattr(owner, name), []

    def full(*arguments, **named):
        written.append(arguments)
        if len(written) > 1 or owner is Path:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, full)
        with pytest.raises(OSError, match="No space left on device") as raised:
            publish(candidate, parts, old_release, SECOND, times_tested=2)

    assert raised.value.errno == errno.ENOSPC  # by which the command knows it; shutil's own copytree hides it
    assert_still_the_old_one(old_release)
