"""Download of a few sample images per class and cause: enough for a first look, within seconds."""

import csv
from pathlib import Path

from dataset.download.kaggle import MANUAL_DOWNLOAD_TEXT, SOURCE, fetch_file
from dataset.download.progress import Progress, ProgressCallback, isolate_callback
from dataset.download.staging import SAMPLES_MARKER, staging_area
from dataset.index import OFFICIAL_TEST_SPLIT
from model.codes import Label, SplitName
from model.errors import DatasetError, FileRefused
from model.imaging.decode import decode
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile

DEFAULT_SAMPLES = 24
MIN_SAMPLES, MAX_SAMPLES = 3, 120
SAMPLE_STRATA = (  # label and cause
    (Label.NORMAL, "none"),
    (Label.PNEUMONIA, "bacterial"),
    (Label.PNEUMONIA, "viral"),
)
IMAGE_MB = 0.25  # mean over the three strata: about 0.6 for normal images, 0.1 for pneumonia


def download_size(count: int) -> str:
    """Return the size of the download of so many images as text."""
    return f"about {max(1, round(count * IMAGE_MB))} MB"


def download_notice(count: int) -> str:
    """Return the notice to show before the download: content, origin, licence and size."""
    return f"{SOURCE}\n{count} pictures of the official test split come, {download_size(count)} in all."


def sample_names(count: int) -> list[str]:
    """Select images of the official test split, the same ones every time, as "test/NORMAL/<name>".

    One third each is normal, bacterial and viral, evenly spaced in the sorted names. If three does not divide `count`,
    there is one more normal image, and if two are left over, one more bacterial image too.

    Raises:
        DatasetError: `count` is below 3 or above 120.
        ReleaseError: The release, whose predictions.csv lists the names, is missing or altered.
    """
    if not MIN_SAMPLES <= count <= MAX_SAMPLES:
        raise DatasetError(f"{count} sample pictures cannot be fetched: {MIN_SAMPLES} to {MAX_SAMPLES} can.")
    table = load_release().read_file(ReleaseFile.PREDICTIONS).decode()
    rows = [row for row in csv.DictReader(table.splitlines()) if row["split"] == SplitName.TEST]
    selected: list[str] = []
    for number, stratum in enumerate(SAMPLE_STRATA):
        names = sorted(
            f"{OFFICIAL_TEST_SPLIT}/{row['label']}/{row['file']}"
            for row in rows
            if (row["label"], row["cause"]) == stratum
        )
        stratum_count = (count + len(SAMPLE_STRATA) - 1 - number) // len(SAMPLE_STRATA)
        selected += [names[position * len(names) // stratum_count] for position in range(stratum_count)]
    return selected


def download_samples(folder: Path, count: int = DEFAULT_SAMPLES, progress: ProgressCallback | None = None) -> Path:
    """Install `count` sample images as `folder`/test/{NORMAL,PNEUMONIA}/*.jpeg and return the resolved path.

    A hidden marker file lists them, so that `download_full_set` or another call may replace them. An exception in
    `progress` is raised unchanged.

    Args:
        folder: A folder that does not exist, is empty, or holds sample images only.
        count: See `sample_names`.
        progress: Called for each file that was fetched.

    Raises:
        DatasetError: Another download is running, the folder is in use, there is no network, Kaggle refuses, the disk
            is full, the download was interrupted, or a file is not an image. Nothing was installed.
        ReleaseError: The release, whose predictions.csv lists the names, is missing or altered.
    """
    report = isolate_callback(progress)
    names = sample_names(count)
    with staging_area(folder, "samples", f"{download_size(count)} are needed") as staging:
        collected = staging.work / "together"
        for number, name in enumerate(names):
            report(Progress(number, len(names), "files"))
            destination = collected / name
            destination.parent.mkdir(parents=True, exist_ok=True)
            _require_image(fetch_file(staging.work, f"chest_xray/{name}")).rename(destination)
        report(Progress(len(names), len(names), "files"))
        (collected / SAMPLES_MARKER).write_text("\n".join(names) + "\n", encoding="utf-8")
        staging.install(collected)
    return staging.target


def _require_image(path: Path) -> Path:
    """Return the path if the file can be decoded."""
    try:
        decode(path.read_bytes())
    except FileRefused as error:
        raise DatasetError(
            "What came is no picture, nothing was laid down. Perhaps the login page of a network answered: open any "
            f"page in the browser, then try again. {MANUAL_DOWNLOAD_TEXT}"
        ) from error
    return path
