"""What stops a release from being published; the old one stays."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

import training.release.publish
from model.errors import TrainingError
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from tests.support.candidates import (  # noqa: F401 (fixtures)
    SECOND,
    as_measured,
    publishing,
    release_to_replace,
    sentence,
    tiny_candidate,
    tiny_metrics,
    tiny_parts,
)
from training.release.candidate import CANDIDATE
from training.release.publish import publish

MEASURE_FIRST = "Run `python -m training evaluate --run ... --split training validation test` first."


def change_metrics(run: Path, **changed) -> None:
    path = run / CANDIDATE / ReleaseFile.METRICS
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def assert_still_the_old_one(release: Path) -> None:
    assert load_release(release).version == "1.0.0"
    assert [path.name for path in release.parent.iterdir() if path.name.startswith("release")] == ["release"]


@pytest.mark.parametrize(
    "name",
    [
        ReleaseFile.METRICS,
        ReleaseFile.PREDICTIONS,
        ReleaseFile.CURVES,
        ReleaseFile.DATASET_AUDIT,
        ReleaseFile.SIMILAR_CASES,
        ReleaseFile.MEAN_RADIOGRAPHS,
    ],
)
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

    monkeypatch.setattr(training.release.publish, "check_agreement", disagree)

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
