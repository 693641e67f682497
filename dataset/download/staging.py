"""Atomic installation of a downloaded data set.

A download works in a hidden sibling of the target folder and is installed by one rename, complete or not at all. One
process runs one download at a time.
"""

import errno
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dataset.download.progress import CallbackRaised
from model.errors import DatasetError

SAMPLES_MARKER = ".samples"  # lists, one per line, the sample images of a folder that holds nothing else
ALREADY_RUNNING_TEXT = "A download is already running. Wait until it has ended, then reload the page or start again."

_download_lock = threading.Lock()  # kagglehub is configured by environment variables, which all sessions share


class DownloadInterrupted(DatasetError):
    """Nothing was installed; the received part of the archive is kept for the next run."""


@dataclass(frozen=True)
class StagingArea:
    """Folders of a running download.

    Attributes:
        target: Folder to install.
        work: Hidden sibling of the target, on the same disk, for everything before that.
        space_note: Required disk space, for an error message.
    """

    target: Path
    work: Path
    space_note: str

    def install(self, folder: Path) -> None:
        """Rename `folder`, which is within `work`, to the target; samples in the target are deleted afterwards.

        If the rename fails, the samples are put back. `model.storage.swap_directories` is not used: it deletes the
        sibling "<target>.old", and next to a folder that the user chose, that name may be the user's own.
        """
        validate_target(self.target)  # minutes may have passed since the first check
        replaced = self.work / "before"
        try:
            if self.target.is_dir():
                self.target.rename(replaced)  # Windows cannot rename onto a folder, not even an empty one
            folder.rename(self.target)
        except BaseException:
            if replaced.is_dir() and not self.target.exists():
                replaced.rename(self.target)
            raise

    def disk_full_error(self) -> DatasetError:
        """Return the error for a disk without enough free space."""
        return DatasetError(
            f"The disk of {self.target.parent} has too little room: {self.space_note}. Nothing was laid down. Free "
            "some, or name a folder on another disk (--to, or CHEST_XRAY_DIR)."
        )


def validate_target(folder: Path) -> Path:
    """Resolve the path of a folder that a download may replace: missing, empty, or with downloaded samples only.

    Raises:
        DatasetError: The path holds something else.
    """
    target = folder.expanduser().resolve()
    if (
        target.is_file()
        or target.is_mount()
        or (target.is_dir() and any(target.iterdir()) and not _holds_only_samples(target))
    ):
        raise DatasetError(
            f"{target} is taken, nothing was laid down. Remove it, or name an empty or new folder (--to, or "
            "CHEST_XRAY_DIR)."
        )
    return target


@contextmanager
def staging_area(folder: Path, kind: str, space_note: str) -> Iterator[StagingArea]:
    """Yield the folders of a download. At the end the work folder is deleted, except an archive that can be resumed.

    Args:
        folder: Target of the download.
        kind: Kind of download, part of the name of the work folder.
        space_note: Required disk space, for an error message.

    Raises:
        DatasetError: Another download is running, the target is in use, the disk is full or cannot be written, or the
            download was interrupted.
    """
    if not _download_lock.acquire(blocking=False):
        raise DatasetError(ALREADY_RUNNING_TEXT)
    try:
        target = validate_target(folder)
        with _clean_work_folder(target.with_name(f".{target.name}.{kind}")) as work:
            staging = StagingArea(target, work, space_note)
            with _as_dataset_errors(staging):
                work.mkdir(parents=True, exist_ok=True)
                yield staging
    except CallbackRaised as callback_error:
        raise callback_error.error  # noqa: B904 (unchanged, as the progress callback raised it)
    finally:
        _download_lock.release()


def partial_archive(work: Path) -> Path | None:
    """Return the received part of the archive of the whole data set, if any."""
    return next(work.glob("datasets/*/*/*.archive"), None)


@contextmanager
def _clean_work_folder(work: Path) -> Iterator[Path]:
    """Delete the work folder at the end; also, at the start, what a killed run left unpacked."""
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
def _as_dataset_errors(staging: StagingArea) -> Iterator[None]:
    """Convert Ctrl-C and errors of the disk to `DatasetError`."""
    try:
        yield
    except KeyboardInterrupt:
        resume_note = " The same command goes on where it stopped." if partial_archive(staging.work) else ""
        raise DownloadInterrupted(f"Interrupted: nothing was laid down.{resume_note}") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise staging.disk_full_error() from error
        raise DatasetError(f"The set cannot be written to {staging.target} ({error.strerror or error}).") from error


def _holds_only_samples(target: Path) -> bool:
    """Whether a folder holds exactly the files that its samples marker lists."""
    marker = target / SAMPLES_MARKER
    if not marker.is_file():
        return False
    names = [PurePosixPath(name) for name in marker.read_text(encoding="utf-8", errors="replace").splitlines()]
    listed = {PurePosixPath(SAMPLES_MARKER), *names, *(folder for name in names for folder in name.parents)}
    present = {PurePosixPath(path.relative_to(target).as_posix()) for path in target.rglob("*")}
    return present == listed - {PurePosixPath(".")}


def _delete(work: Path, *, keep_archive: bool) -> None:
    archive = partial_archive(work) if keep_archive else None
    shutil.rmtree(archive.parent / "versions" if archive else work, ignore_errors=True)
