"""Fetch the whole labelled set from Kaggle and lay it down whole or not at all."""

import functools
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from dataset.download.kaggle import MANUAL_DOWNLOAD_TEXT, SOURCE, fetch_archive
from dataset.download.progress import Progress, ProgressCallback, isolate_callback
from dataset.download.staging import partial_archive, staging_area
from model.errors import DatasetError

EXPECTED = {
    "train/NORMAL": 1341,
    "train/PNEUMONIA": 3875,
    "val/NORMAL": 8,
    "val/PNEUMONIA": 8,
    "test/NORMAL": 234,
    "test/PNEUMONIA": 390,
}
DOWNLOAD_SIZE = "about 2.5 GB"  # that travel: every picture is in the archive twice
REQUIRED_BYTES = 4_000_000_000  # the archive of 2.46 GB and, beside it, the 1.23 GB that stay
SPACE_NOTE = "about 4 GB are needed while unpacking, 1.2 GB afterwards"
DOWNLOAD_NOTICE = f"""\
{SOURCE}
About 2.5 GB come, 5,856 pictures of 1.2 GB in all stay; about 4 GB of free disk are needed meanwhile."""


def download_full_set(folder: Path, progress: ProgressCallback | None = None) -> Path:
    """Lay the public set at `folder` as {train,val,test}/{NORMAL,PNEUMONIA}/*.jpeg and return its whole path.

    Sample pictures that lie there make way. After a broken connection, Ctrl-C, or an exception out of `progress`, which
    comes out as it was, the part of the archive that has come is kept, and the next call goes on from it.

    Args:
        folder: absent, empty, or sample pictures alone.
        progress: told of each megabyte of the archive, then of each file unpacked.

    Raises:
        DatasetError: another download is running, the folder is taken, no network, Kaggle refuses, disk full,
            interrupted, or the counts differ from the published ones. Nothing was laid down.
    """
    report = isolate_callback(progress)
    with staging_area(folder, "download", SPACE_NOTE) as site:
        if not partial_archive(site.work) and shutil.disk_usage(site.work).free < REQUIRED_BYTES:
            raise site.disk_full_error()
        site.install(fetch_archive(site.work, functools.partial(_unpack, report=report), report))
    return site.target


def _unpack(archive: Path, folder: Path, report: ProgressCallback) -> None:
    """Unpack the pictures, and nothing else, to where they are to lie within `folder`."""
    with zipfile.ZipFile(archive) as opened:
        pictures = _find_image_folder(opened.infolist())
        for number, picture in enumerate(pictures):
            report(Progress(number, len(pictures), "files"))
            picture.filename = "/".join(PurePosixPath(picture.filename).parts[-3:])
            opened.extract(picture, folder)
        report(Progress(len(pictures), len(pictures), "files"))


def _find_image_folder(members: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The pictures of the outermost whole copy; the archive holds a second one, and what macOS adds to a zip."""
    copies: dict[PurePosixPath, dict[str, list[zipfile.ZipInfo]]] = {}
    for member in members:
        path = PurePosixPath(member.filename)
        part = "/".join(path.parts[-3:-1])
        if part in EXPECTED and path.match("[!.]*.jpeg") and "__MACOSX" not in path.parts:
            copy = copies.setdefault(path.parents[2], {part: [] for part in EXPECTED})
            copy[part].append(member)
    found = [copies[root] for root in sorted(copies, key=lambda root: len(root.parts))]
    for copy in found:
        if {part: len(pictures) for part, pictures in copy.items()} == EXPECTED:
            return [picture for pictures in copy.values() for picture in pictures]
    outermost = found[0] if found else {}
    counts = ", ".join(f"{part} {len(outermost.get(part, []))} instead of {n}" for part, n in EXPECTED.items())
    raise DatasetError(f"The archive is not the published set, nothing was laid down: {counts}. {MANUAL_DOWNLOAD_TEXT}")
