"""Fetch a handful of pictures per class and cause: enough to look around, in seconds."""

import csv
from pathlib import Path

from dataset.download.kaggle import MANUAL_DOWNLOAD_TEXT, SOURCE, fetch_file
from dataset.download.progress import Progress, ProgressCallback, isolate_callback
from dataset.download.staging import SAMPLES_MARKER, staging_area
from model.errors import DatasetError, FileRefused
from model.imaging.decode import decode
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile

DEFAULT_SAMPLES = 24
MIN_SAMPLES, MAX_SAMPLES = 3, 120
SAMPLE_STRATA = (("NORMAL", "none"), ("PNEUMONIA", "bacterial"), ("PNEUMONIA", "viral"))  # label and cause
IMAGE_MB = 0.25  # on average over the three kinds: normal films about 0.6, films of pneumonia 0.1


def download_size(count: int) -> str:
    """How much travels for so many pictures, in words."""
    return f"about {max(1, round(count * IMAGE_MB))} MB"


def download_notice(count: int) -> str:
    """What is fetched, whose it is and from where, to be said first."""
    return f"{SOURCE}\n{count} pictures of the official test split come, {download_size(count)} in all."


def sample_names(count: int) -> list[str]:
    """So many pictures of the official test split, as "test/NORMAL/<name>": the same ones every time.

    A third each are normal, bacterial and viral films, spread evenly over their names; where three does not divide
    `count`, normal has one more, and bacterial too where two are left over.

    Raises:
        DatasetError: fewer than 3 or more than 120 are wanted.
        ReleaseError: the release, whose table has the names, is missing or altered.
    """
    if not MIN_SAMPLES <= count <= MAX_SAMPLES:
        raise DatasetError(f"{count} sample pictures cannot be fetched: {MIN_SAMPLES} to {MAX_SAMPLES} can.")
    release = load_release()
    table = release.read_file(ReleaseFile.PREDICTIONS).decode()
    rows = [row for row in csv.DictReader(table.splitlines()) if row["split"] == "test"]
    picked = []
    for number, kind in enumerate(SAMPLE_STRATA):
        names = sorted(f"test/{row['label']}/{row['file']}" for row in rows if (row["label"], row["cause"]) == kind)
        share = (count + len(SAMPLE_STRATA) - 1 - number) // len(SAMPLE_STRATA)
        picked += [names[place * len(names) // share] for place in range(share)]
    return picked


def download_samples(folder: Path, count: int = DEFAULT_SAMPLES, progress: ProgressCallback | None = None) -> Path:
    """Lay `count` pictures at `folder` as test/{NORMAL,PNEUMONIA}/*.jpeg and return its whole path.

    A hidden marker lists them, so that `download_full_set` and another call may put something else in their place. What
    `progress` raises comes out as it was.

    Args:
        folder: absent, empty, or sample pictures alone.
        count: see `sample_names`.
        progress: told of each file that has come.

    Raises:
        DatasetError: another download is running, the folder is taken, no network, Kaggle refuses, disk full,
            interrupted, or what came is no picture. Nothing was laid down.
        ReleaseError: the release, whose table has the names, is missing or altered.
    """
    report = isolate_callback(progress)
    names = sample_names(count)
    with staging_area(folder, "samples", f"{download_size(count)} are needed") as site:
        together = site.work / "together"
        for number, name in enumerate(names):
            report(Progress(number, len(names), "files"))
            place = together / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _validate_count(fetch_file(site.work, f"chest_xray/{name}")).rename(place)
        report(Progress(len(names), len(names), "files"))
        (together / SAMPLES_MARKER).write_text("\n".join(names) + "\n", encoding="utf-8")
        site.install(together)
    return site.target


def _validate_count(path: Path) -> Path:
    """The file, where it is a picture that can be read."""
    try:
        decode(path.read_bytes())
    except FileRefused as error:
        raise DatasetError(
            "What came is no picture, nothing was laid down. Perhaps the login page of a network answered: open any "
            f"page in the browser, then try again. {MANUAL_DOWNLOAD_TEXT}"
        ) from error
    return path
