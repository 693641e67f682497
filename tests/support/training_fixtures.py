"""The tiny data sets, and one run on the children: finished, packaged, evaluated and published.

The same run is also packaged, evaluated and published as if it had been trained on children and adults.

Each is made once, when a test first asks for it, by whichever process runs that test. The others wait and use it too.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.training import (
    fit_arguments,
    main_with_tiny_networks,
    reduce_sample_sizes,
    write_adult_set,
    write_not_chest_set,
    write_tiny_set,
)


def _run_with_few_samples(command: str, data: Path, run: Path, *more: str) -> None:
    """Run `python -m training package` or `evaluate` in this process, with few images and draws."""
    from training.cli import main

    with pytest.MonkeyPatch.context() as patch:
        reduce_sample_sizes(patch)
        assert main([command, "--data", str(data), "--run", str(run), *more]) == 0


@pytest.fixture(scope="session")
def make_once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """A function that fills a folder once for all processes that run tests, and returns it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # the processes have it in common

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = root / name, root / f"{name}.done"
        with FileLock(root / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # another process may have failed
                fill(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def tiny_set(make_once) -> Path:
    """The folder of the tiny data set. Tests must not change it; see `own_set`."""
    return make_once("tiny_set", write_tiny_set)


@pytest.fixture(scope="session")
def adult_set(make_once) -> Path:
    """The folder of the tiny set of adults. Tests must not change it."""
    return make_once("adult_set", write_adult_set)


@pytest.fixture(scope="session")
def not_chest_set(make_once) -> Path:
    """The folder of the tiny set of images that are not frontal chest radiographs. Tests must not change it."""
    return make_once("not_chest_set", write_not_chest_set)


@pytest.fixture
def own_set(tiny_set, tmp_path) -> Path:
    """A copy of the tiny data set that a test may change."""
    return shutil.copytree(tiny_set, tmp_path / "own_set")


@pytest.fixture(scope="session")
def tiny_run(make_once, tiny_set) -> Path:
    """A finished run on the tiny data set. Tests must not change it; see `own_run`."""

    def train(run: Path) -> None:
        assert main_with_tiny_networks(fit_arguments(tiny_set, run)) == 0

    return make_once("tiny_run", train)


@pytest.fixture
def own_run(tiny_run, tmp_path) -> Path:
    """A copy of the finished run that a test may change."""
    return shutil.copytree(tiny_run, tmp_path / "own_run")


@pytest.fixture(scope="session")
def packaged_run(make_once, tiny_run, tiny_set, not_chest_set) -> Path:
    """The finished run with a candidate without metrics. Tests must not change it."""

    def package(run: Path) -> None:
        shutil.copytree(tiny_run, run)
        _run_with_few_samples("package", tiny_set, run, "--not-chest", str(not_chest_set))

    return make_once("packaged_run", package)


@pytest.fixture(scope="session")
def measured_run(make_once, packaged_run, tiny_set, not_chest_set) -> Path:
    """The packaged run, evaluated on all splits. The log of the test split is in its parent folder."""

    def evaluate(folder: Path) -> None:
        run = shutil.copytree(packaged_run, folder / "run")
        options = "--test-log", str(folder / "TEST_LOG.csv"), "--not-chest", str(not_chest_set)
        _run_with_few_samples("evaluate", tiny_set, run, *options)

    return make_once("measured", evaluate) / "run"


@pytest.fixture
def own_measured_run(measured_run, tmp_path) -> Path:
    """A copy of the evaluated run that a test may change."""
    return shutil.copytree(measured_run, tmp_path / "own_measured_run")


@pytest.fixture(scope="session")
def published(make_once, measured_run, tiny_set) -> Path:
    """A release of the evaluated run. Tests must not change it."""
    from dataset.index import load_index
    from dataset.split import split_for_training
    from model.codes import Population
    from model.inference.release_loader import load_release
    from training.release.publish import ReleaseNotes, publish

    def publish_run(folder: Path) -> None:
        folder.mkdir()
        notes = ReleaseNotes("1.0.0", "First release.", "0" * 40)
        candidate, split = load_release(measured_run / "candidate"), split_for_training(load_index(tiny_set))
        publish(candidate, split, folder / "release", notes, {Population.CHILDREN: 1})

    return make_once("published", publish_run) / "release"


@pytest.fixture(scope="session")
def mixed_run(make_once, tiny_run, tiny_set, adult_set) -> Path:
    """The finished run with a candidate for children and adults, evaluated on validation and test images.

    The log of the test splits is in its parent folder.
    """
    from training.config import CONFIG_FILE, Sources

    def package_and_evaluate(folder: Path) -> None:
        run = shutil.copytree(tiny_run, folder / "run")
        config = json.loads((run / CONFIG_FILE).read_text())
        (run / CONFIG_FILE).write_text(json.dumps(config | {"sources": Sources.CHILDREN_AND_ADULTS}))
        adults = ("--adult-data", str(adult_set))
        _run_with_few_samples("package", tiny_set, run, *adults)
        log = str(folder / "TEST_LOG.csv")
        _run_with_few_samples("evaluate", tiny_set, run, *adults, "--split", "validation", "test", "--test-log", log)

    return make_once("mixed", package_and_evaluate) / "run"


@pytest.fixture(scope="session")
def mixed_release(make_once, mixed_run, measured_run, tiny_set) -> Path:
    """A release of the run for children and adults. What was measured on children alone is from `measured_run`."""
    from dataset.index import load_index
    from dataset.split import split_for_training
    from model.codes import POPULATIONS
    from model.inference.release_loader import load_release
    from model.release_files import ReleaseFile
    from model.storage import write_checksums
    from training.release.publish import ReleaseNotes, publish

    def publish_run(folder: Path) -> None:
        candidate = shutil.copytree(mixed_run / "candidate", folder / "candidate")
        of_children, of_both = (
            json.loads((path / ReleaseFile.METRICS).read_text()) for path in (measured_run / "candidate", candidate)
        )
        own = {name: of_both[name] for name in ("network_sha256", "populations")}  # its network also has an opacity map
        (candidate / ReleaseFile.METRICS).write_text(json.dumps(of_children | own))
        write_checksums(candidate)
        notes = ReleaseNotes("1.0.0", "For adults, too.", "0" * 40)
        split = split_for_training(load_index(tiny_set))
        openings = dict.fromkeys(POPULATIONS, 1)
        publish(load_release(candidate), split, folder / "release", notes, openings)

    return make_once("mixed_release", publish_run) / "release"
