"""Download of the complete data set from Kaggle. It is installed completely or not at all."""

import hashlib
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from dataset.download.kaggle import PAGE, as_download_errors, fetch_archive, source_notice
from dataset.download.progress import FILES, Progress, ProgressCallback, isolate_callback
from dataset.download.staging import ARCHIVE_NAME, partial_archive, staging_area
from dataset.errors import DownloadFailed
from model.limits import MAX_BYTES
from model.messages import MessageCode
from model.translation import N_
from model.translation import gettext as _

EXPECTED = {  # images per folder, as published
    "train/NORMAL": 1341,
    "train/PNEUMONIA": 3875,
    "val/NORMAL": 8,
    "val/PNEUMONIA": 8,
    "test/NORMAL": 234,
    "test/PNEUMONIA": 390,
}
# SHA-256 of the sorted paths of all images, such as "test/NORMAL/IM-0001-0001.jpeg", one per line. No checksum of the
# images has been published: Kaggle states that of the archive with each download.
EXPECTED_NAMES = "d1a1abf3d0c83510548bbae18c85b96e667835dbd7a0be4093416607ad4a6838"
DOWNLOAD_SIZE = N_("about 2.5 GB")  # of the archive, which contains every image twice
REQUIRED_BYTES = 4_000_000_000  # the archive (2.46 GB) and the unpacked images (1.23 GB)
MAX_UNPACKED_BYTES = 1_500_000_000
REQUIRED_SPACE = "4 GB"  # REQUIRED_BYTES as text


def download_notice() -> str:
    """Return the notice to show before the download: content, source, licence and size."""
    size = _(
        "Downloads about 2.5 GB and keeps {count:,} images (1.2 GB). Unpacking needs about 4 GB of free disk space."
    )
    return f"{source_notice()}\n{size.format(count=sum(EXPECTED.values()))}"


def download_full_set(folder: Path, progress: ProgressCallback | None = None) -> Path:
    """Install the public data set as `folder`/{train,val,test}/{NORMAL,PNEUMONIA}/*.jpeg and return the resolved path.

    Sample images in the folder are replaced. After a broken connection, Ctrl-C or an exception in `progress`, which is
    raised unchanged, the downloaded part of the archive is kept and the next call resumes from it.

    Args:
        folder: Target folder. It must not exist, or must be empty or contain only sample images.
        progress: Called after each megabyte of the archive, then after each unpacked file.

    Raises:
        DownloadFailed: Another download is running, the folder is in use, the network or Kaggle is not available, the
            disk is full, the download was interrupted, or the archive does not contain the published images, by number
            and names. Nothing was installed.
    """
    report = isolate_callback(progress)
    with staging_area(folder, "download", REQUIRED_SPACE) as staging:
        if not partial_archive(staging.work) and shutil.disk_usage(staging.work).free < REQUIRED_BYTES:
            raise staging.disk_full_error()
        archive, unpacked = staging.work / ARCHIVE_NAME, staging.work / "unpacked"
        fetch_archive(archive, report)
        with as_download_errors(MessageCode.CONNECTION_RESUMABLE):
            _unpack(archive, unpacked, report)
        staging.install(unpacked)
    return staging.target


def _unpack(archive_path: Path, folder: Path, report: ProgressCallback) -> None:
    """Unpack only the images, as `folder`/split/label/name."""
    with zipfile.ZipFile(archive_path) as archive:
        members = _find_image_folder(archive.infolist())
        if any(member.file_size > MAX_BYTES for member in members) or _unpacked_bytes(members) > MAX_UNPACKED_BYTES:
            raise ValueError("the images are too large")
        for member in members:
            member.filename = "/".join(PurePosixPath(member.filename).parts[-3:])
        if _names_digest(member.filename for member in members) != EXPECTED_NAMES:
            raise ValueError("the images have other names")
        for number, member in enumerate(members):
            report(Progress(number, len(members), FILES))
            archive.extract(member, folder)
        report(Progress(len(members), len(members), FILES))


def _unpacked_bytes(members: Sequence[zipfile.ZipInfo]) -> int:
    return sum(member.file_size for member in members)  # zipfile never unpacks more than the stated sizes


def _names_digest(names: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{name}\n" for name in sorted(names)).encode()).hexdigest()


def _find_image_folder(members: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Return the images of the outermost complete copy. The archive contains two copies and macOS metadata files."""
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
    counts = ", ".join(f"{part} {len(outermost.get(part, []))} / {expected}" for part, expected in EXPECTED.items())
    raise DownloadFailed(MessageCode.DOWNLOAD_MISMATCH, counts=counts, page=PAGE)
