"""Atomic installation of a downloaded data set.

A download runs in a hidden sibling of the target folder and is published with one rename. A process runs one download
at a time.
"""

import errno
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dataset.download.progress import CallbackRaised
from dataset.errors import DownloadFailed, DownloadInterrupted
from model.messages import MessageCode

SAMPLES_MARKER = ".samples"  # lists the sample images, one per line; marks a folder that contains nothing else

ARCHIVE_NAME = "2.archive"  # of the partly or completely downloaded archive, in the work folder

_download_lock = threading.Lock()  # all sessions write to the same work folder


@dataclass(frozen=True)
class StagingArea:
    """Folders of a running download.

    Attributes:
        target: Folder to install.
        work: Hidden sibling of the target, on the same disk, for temporary files.
        required_space: Required disk space as text, such as "4 GB", for an error message.
    """

    target: Path
    work: Path
    required_space: str

    def install(self, folder: Path) -> None:
        """Rename `folder`, which is inside `work`, to the target and delete the samples that were there.

        If the rename fails, the samples are restored. `model.storage.swap_directories` is not suitable: it deletes
        "<target>.old", which may be one of the user's folders.
        """
        validate_target(self.target)  # again, because minutes may have passed since the first check
        replaced = self.work / "before"
        try:
            if self.target.is_dir():
                self.target.rename(replaced)  # Windows cannot rename onto a folder, not even an empty one
            folder.rename(self.target)
        except BaseException:
            if replaced.is_dir() and not self.target.exists():
                replaced.rename(self.target)
            raise

    def disk_full_error(self) -> DownloadFailed:
        """Return the error for a disk with too little free space."""
        return DownloadFailed(MessageCode.DISK_FULL, folder=str(self.target.parent), size=self.required_space)


def validate_target(folder: Path) -> Path:
    """Resolve a path and check that a download may replace it.

    It must not exist, or must be empty or contain only downloaded samples.

    Raises:
        DownloadFailed: The path is a file, a mount point, or a folder with other content.
    """
    target = folder.expanduser().resolve()
    if (
        target.is_file()
        or target.is_mount()
        or (target.is_dir() and any(target.iterdir()) and not _holds_only_samples(target))
    ):
        raise DownloadFailed(MessageCode.TARGET_IN_USE, folder=str(target))
    return target


@contextmanager
def staging_area(folder: Path, kind: str, required_space: str) -> Iterator[StagingArea]:
    """Yield the folders of a download. At the end, delete the work folder, except for a partial archive.

    Args:
        folder: Target of the download.
        kind: Kind of download, part of the name of the work folder.
        required_space: Required disk space as text, for an error message.

    Raises:
        DownloadFailed: Another download is running, the target is in use, the disk is full or cannot be written, or the
            download was interrupted.
    """
    if not _download_lock.acquire(blocking=False):
        raise DownloadFailed(MessageCode.DOWNLOAD_RUNNING)
    try:
        target = validate_target(folder)
        with _clean_work_folder(target.with_name(f".{target.name}.{kind}")) as work:
            staging = StagingArea(target, work, required_space)
            with _as_download_errors(staging):
                work.mkdir(parents=True, exist_ok=True)
                yield staging
    except CallbackRaised as callback_error:
        raise callback_error.error  # noqa: B904 (unchanged, as the progress callback raised it)
    finally:
        _download_lock.release()


def partial_archive(work: Path) -> Path | None:
    """Return the path of the partly downloaded archive of the complete data set, if any."""
    archive = work / ARCHIVE_NAME
    return archive if archive.exists() else None


@contextmanager
def _clean_work_folder(work: Path) -> Iterator[Path]:
    """Delete the work folder at the end and, at the start, unpacked files of a run that was killed."""
    keep_archive = False
    _delete(work, keep_archive=True)
    try:
        yield work
    except (DownloadInterrupted, CallbackRaised):
        keep_archive = True
        raise
    finally:
        _delete(work, keep_archive=keep_archive)


@contextmanager
def _as_download_errors(staging: StagingArea) -> Iterator[None]:
    """Convert Ctrl-C and disk errors to `DownloadFailed`."""
    try:
        yield
    except KeyboardInterrupt:
        resumable = partial_archive(staging.work) is not None
        raise DownloadInterrupted(
            MessageCode.DOWNLOAD_RESUMABLE if resumable else MessageCode.DOWNLOAD_INTERRUPTED
        ) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise staging.disk_full_error() from error
        raise DownloadFailed(
            MessageCode.TARGET_NOT_WRITABLE, folder=str(staging.target), reason=error.strerror or str(error)
        ) from error


def _holds_only_samples(target: Path) -> bool:
    """Return whether a folder contains exactly the files that its samples marker lists."""
    marker = target / SAMPLES_MARKER
    if not marker.is_file():
        return False
    names = [PurePosixPath(name) for name in marker.read_text(encoding="utf-8", errors="replace").splitlines()]
    listed = {PurePosixPath(SAMPLES_MARKER), *names, *(folder for name in names for folder in name.parents)}
    present = {PurePosixPath(path.relative_to(target).as_posix()) for path in target.rglob("*")}
    return present == listed - {PurePosixPath(".")}


def _delete(work: Path, *, keep_archive: bool) -> None:
    if not (keep_archive and partial_archive(work)):
        shutil.rmtree(work, ignore_errors=True)
        return
    for path in work.iterdir():
        if path.name != ARCHIVE_NAME:
            shutil.rmtree(path, ignore_errors=True)
