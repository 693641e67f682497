"""Fetch a handful of pictures per class and cause: enough to look around, in seconds."""

import csv
from pathlib import Path

from dataset.download.kaggle import BY_HAND, SOURCE, fetch_file
from dataset.download.progress import Progress, Report, guarded
from dataset.download.staging import MARKER, landing
from model.errors import DatasetError, FileRefused
from model.imaging.decode import decode
from model.inference.release_loader import load_release, verified_file

COUNT = 24
FEWEST, MOST = 3, 120
KINDS = (("NORMAL", "none"), ("PNEUMONIA", "bacterial"), ("PNEUMONIA", "viral"))  # label and cause
PICTURE_MB = 0.25  # on average over the three kinds: normal films about 0.6, films of pneumonia 0.1
NAMES = "predictions.csv"  # of the release: the only list of the set's pictures within the project


def size(count: int) -> str:
    """How much travels for so many pictures, in words."""
    return f"about {max(1, round(count * PICTURE_MB))} MB"


def notice(count: int) -> str:
    """What is fetched, whose it is and from where, to be said first."""
    return f"{SOURCE}\n{count} pictures of the official test split come, {size(count)} in all."


def sample_names(count: int) -> list[str]:
    """So many pictures of the official test split, as "test/NORMAL/<name>": the same ones every time.

    A third each are normal, bacterial and viral films, spread evenly over their names; where three does not divide
    `count`, normal has one more, and bacterial too where two are left over.

    Raises:
        DatasetError: fewer than 3 or more than 120 are wanted.
        ReleaseError: the release, whose table has the names, is missing or altered.
    """
    if not FEWEST <= count <= MOST:
        raise DatasetError(f"{count} sample pictures cannot be fetched: {FEWEST} to {MOST} can.")
    release = load_release()
    table = verified_file(release.directory, NAMES, release.description["files"][NAMES]).decode()
    rows = [row for row in csv.DictReader(table.splitlines()) if row["split"] == "test"]
    picked = []
    for number, kind in enumerate(KINDS):
        names = sorted(f"test/{row['label']}/{row['file']}" for row in rows if (row["label"], row["cause"]) == kind)
        share = (count + len(KINDS) - 1 - number) // len(KINDS)
        picked += [names[place * len(names) // share] for place in range(share)]
    return picked


def download_samples(folder: Path, count: int = COUNT, progress: Report | None = None) -> Path:
    """Lay `count` pictures at `folder` as test/{NORMAL,PNEUMONIA}/*.jpeg and return its whole path.

    A hidden marker lists them, so that `download` and another call may put something else in their place. What
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
    report = guarded(progress)
    names = sample_names(count)
    with landing(folder, "samples", f"{size(count)} are needed") as site:
        together = site.work / "together"
        for number, name in enumerate(names):
            report(Progress(number, len(names), "files"))
            place = together / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _checked(fetch_file(site.work, f"chest_xray/{name}")).rename(place)
        report(Progress(len(names), len(names), "files"))
        (together / MARKER).write_text("\n".join(names) + "\n", encoding="utf-8")
        site.lay_down(together)
    return site.target


def _checked(path: Path) -> Path:
    """The file, where it is a picture that can be read."""
    try:
        decode(path.read_bytes())
    except FileRefused as error:
        raise DatasetError(
            "What came is no picture, nothing was laid down. Perhaps the login page of a network answered: open any "
            f"page in the browser, then try again. {BY_HAND}"
        ) from error
    return path
