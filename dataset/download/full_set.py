"""Download of the whole data set from Kaggle: complete or not at all."""

import functools
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from dataset.download.kaggle import MANUAL_DOWNLOAD_TEXT, SOURCE, fetch_archive
from dataset.download.progress import Progress, ProgressCallback, isolate_callback
from dataset.download.staging import partial_archive, staging_area
from model.errors import DatasetError

EXPECTED = {  # images per folder, as published
    "train/NORMAL": 1341,
    "train/PNEUMONIA": 3875,
    "val/NORMAL": 8,
    "val/PNEUMONIA": 8,
    "test/NORMAL": 234,
    "test/PNEUMONIA": 390,
}
DOWNLOAD_SIZE = "about 2.5 GB"  # transferred: the archive holds every image twice
REQUIRED_BYTES = 4_000_000_000  # the archive (2.46 GB) and the unpacked images (1.23 GB)
SPACE_NOTE = "about 4 GB are needed while unpacking, 1.2 GB afterwards"
DOWNLOAD_NOTICE = f"""\
{SOURCE}
About 2.5 GB come, 5,856 pictures of 1.2 GB in all stay; about 4 GB of free disk are needed meanwhile."""


def download_full_set(folder: Path, progress: ProgressCallback | None = None) -> Path:
    """Install the public data set as `folder`/{train,val,test}/{NORMAL,PNEUMONIA}/*.jpeg and return the resolved path.

    Sample images in the folder are replaced. After a broken connection, Ctrl-C or an exception in `progress`, which is
    raised unchanged, the received part of the archive is kept and the next call resumes.

    Args:
        folder: A folder that does not exist, is empty, or holds sample images only.
        progress: Called for each megabyte of the archive, then for each unpacked file.

    Raises:
        DatasetError: Another download is running, the folder is in use, there is no network, Kaggle refuses, the disk
            is full, the download was interrupted, or the counts differ from the published ones. Nothing was installed.
    """
    report = isolate_callback(progress)
    with staging_area(folder, "download", SPACE_NOTE) as staging:
        if not partial_archive(staging.work) and shutil.disk_usage(staging.work).free < REQUIRED_BYTES:
            raise staging.disk_full_error()
        staging.install(fetch_archive(staging.work, functools.partial(_unpack, report=report), report))
    return staging.target


def _unpack(archive_path: Path, folder: Path, report: ProgressCallback) -> None:
    """Unpack the images, and nothing else, as `folder`/split/label/name."""
    with zipfile.ZipFile(archive_path) as archive:
        members = _find_image_folder(archive.infolist())
        for number, member in enumerate(members):
            report(Progress(number, len(members), "files"))
            member.filename = "/".join(PurePosixPath(member.filename).parts[-3:])
            archive.extract(member, folder)
        report(Progress(len(members), len(members), "files"))


def _find_image_folder(members: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Return the images of the outermost complete copy; the archive holds two copies and files that macOS added."""
    copies: dict[PurePosixPath, dict[str, list[zipfile.ZipInfo]]] = {}
    for member in members:
        path = PurePosixPath(member.filename)
        part = "/".join(path.parts[-3:-1])
        if part in EXPECTED and path.match("[!.]*.jpeg") and "__MACOSX" not in path.parts:
            copy = copies.setdefault(path.parents[2], {part: [] for part in EXPECTED})
            copy[part].append(member)
    outermost_first = [copies[root] for root in sorted(copies, key=lambda root: len(root.parts))]
    for copy in outermost_first:
        if {part: len(images) for part, images in copy.items()} == EXPECTED:
            return [image for images in copy.values() for image in images]
    outermost = outermost_first[0] if outermost_first else {}
    counts = ", ".join(f"{part} {len(outermost.get(part, []))} instead of {n}" for part, n in EXPECTED.items())
    raise DatasetError(f"The archive is not the published set, nothing was laid down: {counts}. {MANUAL_DOWNLOAD_TEXT}")
