"""Fetch the labelled set from Kaggle and lay it down whole or not at all.

What travels, as read in kagglehub 1.0.2: one POST to api.kaggle.com names the set and its version; the answer leads on
to a signed address at storage.googleapis.com, where the archive lies. No package index, no usage statistics; the user
agent is "kagglehub/<version>". No account is needed; a Kaggle token found on the machine goes to api.kaggle.com alone.
"""

import errno
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests

from model.errors import DatasetError

HANDLE = "paultimothymooney/chest-xray-pneumonia/versions/2"  # pinned: the counts below are those of version 2
PAGE = "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia"
EXPECTED = {
    "train/NORMAL": 1341,
    "train/PNEUMONIA": 3875,
    "val/NORMAL": 8,
    "val/PNEUMONIA": 8,
    "test/NORMAL": 234,
    "test/PNEUMONIA": 390,
}
ROOM_BYTES = 5_000_000_000  # archive and unpacked files side by side: 2.46 GB each, as every picture is in it twice
TIMEOUT_S = (10, 60)  # to connect; between two pieces of the answer

NOTICE = f"""\
Chest X-rays of Kermany, Zhang and Goldbaum (2018), Mendeley Data, doi:10.17632/rscbjbr9sj.2, licence CC BY 4.0.
From: api.kaggle.com, which hands over to storage.googleapis.com. Page: {PAGE}
About 2.5 GB come, 5,856 pictures of 1.2 GB in all stay; about 5 GB of free disk are needed meanwhile.
To: {{target}}"""
BY_HAND = (
    f"Or download the set by hand from {PAGE} on any machine, unpack it, "
    "and set CHEST_XRAY_DIR to the folder that holds train, val and test."
)
DISK_FULL = (
    "The disk of {} has too little room: about 5 GB are needed while unpacking, 1.2 GB afterwards. "
    "Nothing was laid down. Free some, or name a folder on another disk with --to."
)
REFUSALS = {
    401: "it asks for a login or does not know the Kaggle token on this machine (none is needed: remove it)",
    403: "it refuses the download from here; try again later or from another network",
    404: "the set is no longer at that address",
}


class _ToBeContinued(DatasetError):
    """Nothing was laid down, and what has come of the archive is kept for the next run."""


def download(target: Path) -> Path:
    """Lay the public set at `target` as {train,val,test}/{NORMAL,PNEUMONIA}/*.jpeg and return that folder.

    Everything happens in a hidden folder beside `target`, out of which one rename makes `target`. After a broken
    connection or Ctrl-C the part of the archive that has come stays there, and the next call goes on from it.

    Raises:
        DatasetError: `target` is taken, no network, Kaggle refuses, disk full, interrupted, or the counts differ from
            the published ones. Nothing was laid down.
    """
    target = target.expanduser().resolve()
    if target.is_file() or target.is_mount() or (target.is_dir() and any(target.iterdir())):
        raise DatasetError(
            f"{target} is taken, nothing was fetched. Remove it, or name an empty or new folder with --to."
        )
    print(NOTICE.format(target=target), flush=True)
    work = target.with_name(f".{target.name}.download")
    keep_archive = False
    try:
        _discard(work, keep_archive=True)  # what a killed run left half-unpacked
        work.mkdir(parents=True, exist_ok=True)
        if not _archive(work) and shutil.disk_usage(work).free < ROOM_BYTES:
            raise DatasetError(DISK_FULL.format(target.parent))
        _lay_down(_find_pictures(_fetch(work)), work / "set", target)
    except KeyboardInterrupt:
        keep_archive = True
        raise DatasetError("Interrupted: nothing was laid down. The same command goes on where it stopped.") from None
    except _ToBeContinued:
        keep_archive = True
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DatasetError(DISK_FULL.format(target.parent)) from error
        raise DatasetError(f"The set cannot be written to {target} ({error.strerror or error}).") from error
    finally:
        _discard(work, keep_archive=keep_archive)
    print(f"{sum(EXPECTED.values()):,} pictures lie in {target}")
    return target


def _fetch(work: Path) -> Path:
    import kagglehub
    from kagglehub.exceptions import DataCorruptionError

    try:
        with _kagglehub_settings(cache=work):
            return Path(kagglehub.dataset_download(HANDLE))
    except requests.HTTPError as error:
        host, status = urlsplit(error.response.url).hostname, error.response.status_code
        reason = REFUSALS.get(status, "try again later")
        raise _ToBeContinued(f"{host} answered with status {status}: {reason}. {BY_HAND}") from error
    except requests.RequestException as error:
        if error.request is None:  # requests names none once the answer has begun
            raise _ToBeContinued("The connection broke off. The same command goes on from there.") from error
        host, kind = urlsplit(error.request.url).hostname, type(error).__name__
        raise _ToBeContinued(f"{host} cannot be reached ({kind}): check network and proxy. {BY_HAND}") from error
    except (DataCorruptionError, zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(f"What came cannot be used and was deleted ({reason}). Try again. {BY_HAND}") from error


@contextmanager
def _kagglehub_settings(cache: Path) -> Iterator[None]:
    settings = {
        "KAGGLEHUB_CACHE": str(cache),  # not `output_dir`: that is emptied before a download, so nothing is resumed
        "DISABLE_KAGGLE_CACHE": "true",  # in a Kaggle or Colab notebook it would ask another host for a mount
        "DISABLE_COLAB_CACHE": "true",
    }
    before = {name: os.environ.get(name) for name in settings}
    send = requests.Session.send
    os.environ.update(settings)
    # kagglesdk names no timeout, so that a host that stays silent would hang it for ever.
    requests.Session.send = lambda *args, **options: send(*args, **{"timeout": TIMEOUT_S, **options})
    try:
        yield
    finally:
        requests.Session.send = send
        for name in settings:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _find_pictures(unpacked: Path) -> dict[str, list[Path]]:
    """The pictures of the outermost whole copy; the archive holds a second one, and what macOS adds to a zip."""
    folders = [path.parent for path in unpacked.rglob("train") if "__MACOSX" not in path.relative_to(unpacked).parts]
    folders.sort(key=lambda folder: len(folder.parts))
    copies = [
        {part: sorted((folder / part).glob("[!.]*.jpeg")) for part in EXPECTED} for folder in folders or [unpacked]
    ]
    for copy in copies:
        if {part: len(paths) for part, paths in copy.items()} == EXPECTED:
            return copy
    counts = ", ".join(f"{part} {len(copies[0][part])} instead of {n}" for part, n in EXPECTED.items())
    raise DatasetError(f"The archive is not the published set, nothing was laid down: {counts}. {BY_HAND}")


def _lay_down(pictures: dict[str, list[Path]], staging: Path, target: Path) -> None:
    for part, paths in pictures.items():
        (staging / part).mkdir(parents=True)
        for path in paths:
            path.rename(staging / part / path.name)
    if target.is_dir():
        target.rmdir()  # it is empty; Windows renames onto no folder, empty or not
    staging.rename(target)


def _archive(work: Path) -> Path | None:
    return next(work.glob("datasets/*/*/*.archive"), None)


def _discard(work: Path, *, keep_archive: bool) -> None:
    archive = _archive(work) if keep_archive else None
    shutil.rmtree(archive.parent / "versions" if archive else work, ignore_errors=True)
