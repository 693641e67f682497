"""Download of a few sample images per class and cause, for a quick first look."""

import csv
from pathlib import Path

from dataset.download.kaggle import PAGE, fetch_file, source_notice
from dataset.download.progress import FILES, Progress, ProgressCallback, isolate_callback
from dataset.download.staging import SAMPLES_MARKER, staging_area
from dataset.errors import DownloadFailed
from dataset.index import OFFICIAL_TEST_SPLIT
from model.codes import Label, SplitName
from model.errors import FileRefused
from model.imaging.decode import decode
from model.inference.release_loader import load_release
from model.messages import MessageCode
from model.release_files import ReleaseFile
from model.translation import gettext as _

DEFAULT_SAMPLES = 24
MIN_SAMPLES, MAX_SAMPLES = 3, 120
SAMPLE_STRATA = (  # label and cause
    (Label.NORMAL, "none"),
    (Label.PNEUMONIA, "bacterial"),
    (Label.PNEUMONIA, "viral"),
)
IMAGE_MB = 0.25  # mean of the three strata: about 0.6 for normal images, 0.1 for pneumonia


def download_size(count: int) -> str:
    """Return the download size of `count` images as text."""
    return _("about {size}").format(size=_size(count))


def download_notice(count: int) -> str:
    """Return the notice to show before the download: content, source, licence and size."""
    content = _("Downloads {count} images from the official test split (about {size}).")
    return f"{source_notice()}\n{content.format(count=count, size=_size(count))}"


def sample_names(count: int) -> list[str]:
    """Select images from the official test split deterministically.

    One third each are normal, bacterial and viral, evenly spaced in the sorted names. If `count` is not a multiple of
    three, the remainder goes to normal first, then bacterial.

    Args:
        count: Number of images, 3 to 120.

    Returns:
        Paths within the data set: "test/NORMAL/<name>".

    Raises:
        DownloadFailed: `count` is below 3 or above 120.
        ReleaseError: predictions.csv of the release, which lists the names, is missing or altered.
    """
    if not MIN_SAMPLES <= count <= MAX_SAMPLES:
        raise DownloadFailed(MessageCode.SAMPLE_COUNT, count=count, minimum=MIN_SAMPLES, maximum=MAX_SAMPLES)
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

    A hidden marker file lists them, which allows `download_full_set` or another call to replace them. An exception in
    `progress` is raised unchanged.

    Args:
        folder: Target folder. It must not exist, or must be empty or contain only sample images.
        count: See `sample_names`.
        progress: Called after each downloaded file.

    Raises:
        DownloadFailed: Another download is running, the folder is in use, the network or Kaggle is not available, the
            disk is full, the download was interrupted, or a file is not an image. Nothing was installed.
        ReleaseError: predictions.csv of the release, which lists the names, is missing or altered.
    """
    report = isolate_callback(progress)
    names = sample_names(count)
    with staging_area(folder, "samples", _size(count)) as staging:
        collected = staging.work / "collected"
        for number, name in enumerate(names):
            report(Progress(number, len(names), FILES))
            destination = collected / name
            destination.parent.mkdir(parents=True, exist_ok=True)
            fetch_file(f"chest_xray/{name}", destination)
            _require_image(destination)
        report(Progress(len(names), len(names), FILES))
        (collected / SAMPLES_MARKER).write_text("\n".join(names) + "\n", encoding="utf-8")
        staging.install(collected)
    return staging.target


def _size(count: int) -> str:
    return f"{max(1, round(count * IMAGE_MB))} MB"


def _require_image(path: Path) -> None:
    """Raise `DownloadFailed` if a file cannot be decoded."""
    try:
        decode(path.read_bytes())
    except FileRefused as error:
        raise DownloadFailed(MessageCode.DOWNLOAD_NOT_AN_IMAGE, page=PAGE) from error
