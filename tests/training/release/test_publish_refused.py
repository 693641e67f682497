"""If publishing is refused or fails, the old release remains."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

import training.release.publish
from model.codes import Population, SplitName
from model.errors import TrainingError
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from model.storage import write_checksums
from tests.support.candidates import SECOND_RELEASE, exactly, publish_second_release
from training.release.candidate import CANDIDATE
from training.release.publish import MEASURED_FILES, publish

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_samples")]

EVALUATE_FIRST = "Run `python -m training evaluate --run ... --split training validation test` first."


def change_metrics(run: Path, **changed) -> None:
    path = run / CANDIDATE / ReleaseFile.METRICS
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    write_checksums(run / CANDIDATE)


def assert_is_old_release(release: Path) -> None:
    assert load_release(release).version == "1.0.0"
    assert [path.name for path in release.parent.iterdir() if path.name.startswith("release")] == ["release"]


@pytest.mark.parametrize("name", MEASURED_FILES)
def test_a_candidate_that_was_not_evaluated_is_not_published(own_measured_run, split, old_release, name):
    (own_measured_run / CANDIDATE / name).unlink()
    write_checksums(own_measured_run / CANDIDATE)

    message = f"The candidate has not been evaluated ({name} missing). {EVALUATE_FIRST}"
    with pytest.raises(TrainingError, match=exactly(message)):
        publish_second_release(own_measured_run, split, old_release)
    assert_is_old_release(old_release)


def test_metrics_that_belong_to_other_weights_are_not_published(own_measured_run, split, old_release):
    change_metrics(own_measured_run, network_sha256="0" * 64)

    message = f"The metrics of the candidate belong to other weights. {EVALUATE_FIRST}"
    with pytest.raises(TrainingError, match=exactly(message)):
        publish_second_release(own_measured_run, split, old_release)
    assert_is_old_release(old_release)


@pytest.mark.parametrize("name", [SplitName.VALIDATION, SplitName.TEST])
def test_a_candidate_evaluated_on_a_single_split_is_not_published(own_measured_run, metrics, split, old_release, name):
    change_metrics(own_measured_run, splits={name: metrics["splits"][name]})

    message = f"The candidate has only been evaluated on {name}. {EVALUATE_FIRST}"
    with pytest.raises(TrainingError, match=exactly(message)):
        publish_second_release(own_measured_run, split, old_release)
    assert_is_old_release(old_release)


def test_a_release_whose_files_disagree_is_not_published(measured_run, split, old_release, monkeypatch):
    def raise_disagreement(*_):
        raise TrainingError("Keras and LiteRT differ.")

    monkeypatch.setattr(training.release.publish, "check_litert_agreement", raise_disagreement)

    with pytest.raises(TrainingError, match=r"^Keras and LiteRT differ\.$"):
        publish_second_release(measured_run, split, old_release)
    assert_is_old_release(old_release)


@pytest.mark.parametrize(("owner", "name"), [(shutil, "copy2"), (Path, "write_text")], ids=["copying", "describing"])
def test_a_full_disk_leaves_the_old_release_and_no_other_files(
    measured_run, split, old_release, monkeypatch, owner, name
):
    candidate = load_release(measured_run / CANDIDATE)
    original, calls = getattr(owner, name), []

    def raise_disk_full(*arguments, **keywords):
        calls.append(arguments)
        if len(calls) > 1 or owner is Path:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, raise_disk_full)
        with pytest.raises(OSError, match="No space left on device") as raised:
            publish(candidate, split, old_release, SECOND_RELEASE, test_openings={Population.CHILDREN: 2})

    assert (
        raised.value.errno == errno.ENOSPC
    )  # the command recognises a full disk by the errno, which shutil.copytree hides
    assert_is_old_release(old_release)
