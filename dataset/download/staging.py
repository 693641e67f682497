"""Where a download lands: whole or not at all, by one rename out of a hidden folder beside, one download at a time."""

import errno
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dataset.download.progress import CallbackRaised
from model.errors import DatasetError

SAMPLES_MARKER = ".samples"  # lists, one a line, the sample pictures of a folder that holds nothing else
ALREADY_RUNNING_TEXT = "A download is already running. Wait until it has ended, then reload the page or start again."

_running = threading.Lock()  # kagglehub is steered by the environment, which all sessions of a server share


class DownloadInterrupted(DatasetError):
    """Nothing was laid down, and what has come of the archive is kept for the next run."""


@dataclass(frozen=True)
class StagingArea:
    """A download under way.

    target: where it is to land.
    work: the hidden folder beside it, on the same disk, in which everything happens before.
    needs: the room on the disk that it takes, in words.
    """

    target: Path
    work: Path
    needs: str

    def install(self, folder: Path) -> None:
        """Make a folder within `work` the target; samples that lay there go once it is."""
        validate_target(self.target)  # minutes may have passed
        before = self.work / "before"
        try:
            if self.target.is_dir():
                self.target.rename(before)  # Windows renames onto no folder, empty or not
            folder.rename(self.target)
        except BaseException:
            if before.is_dir() and not self.target.exists():
                before.rename(self.target)
            raise

    def disk_full_error(self) -> DatasetError:
        """The error that says so."""
        return DatasetError(
            f"The disk of {self.target.parent} has too little room: {self.needs}. Nothing was laid down. Free some, or "
            "name a folder on another disk (--to, or CHEST_XRAY_DIR)."
        )


def validate_target(folder: Path) -> Path:
    """The whole path of a folder that a download may become: absent, empty, or sample pictures of ours alone.

    Raises:
        DatasetError: something else is there.
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
def staging_area(folder: Path, kind: str, needs: str) -> Iterator[StagingArea]:
    """Work towards `folder` in a hidden folder, which is gone afterwards, but for an archive that can be gone on with.

    Raises:
        DatasetError: another download is running, the target is taken, disk full, cannot be written, interrupted.
    """
    if not _running.acquire(blocking=False):
        raise DatasetError(ALREADY_RUNNING_TEXT)
    try:
        target = validate_target(folder)
        with _clean_work_folder(target.with_name(f".{target.name}.{kind}")) as work:
            site = StagingArea(target, work, needs)
            with _as_dataset_errors(site):
                work.mkdir(parents=True, exist_ok=True)
                yield site
    except CallbackRaised as stopped:
        raise stopped.error  # noqa: B904 (unchanged, as whoever was told of the progress raised it)
    finally:
        _running.release()


def partial_archive(work: Path) -> Path | None:
    """What has come of the whole set's archive."""
    return next(work.glob("datasets/*/*/*.archive"), None)


@contextmanager
def _clean_work_folder(work: Path) -> Iterator[Path]:
    keep_archive = False
    _discard(work, keep_archive=True)  # what a killed run left half-unpacked
    try:
        yield work
    except (DownloadInterrupted, CallbackRaised):
        keep_archive = True
        raise
    finally:
        _discard(work, keep_archive=keep_archive)


@contextmanager
def _as_dataset_errors(site: StagingArea) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        goes_on = " The same command goes on where it stopped." if partial_archive(site.work) else ""
        raise DownloadInterrupted(f"Interrupted: nothing was laid down.{goes_on}") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise site.disk_full_error() from error
        raise DatasetError(f"The set cannot be written to {site.target} ({error.strerror or error}).") from error


def _holds_only_samples(target: Path) -> bool:
    marker = target / SAMPLES_MARKER
    if not marker.is_file():
        return False
    names = [PurePosixPath(name) for name in marker.read_text(encoding="utf-8", errors="replace").splitlines()]
    listed = {PurePosixPath(SAMPLES_MARKER), *names, *(folder for name in names for folder in name.parents)}
    there = {PurePosixPath(path.relative_to(target).as_posix()) for path in target.rglob("*")}
    return there == listed - {PurePosixPath(".")}


def _discard(work: Path, *, keep_archive: bool) -> None:
    archive = partial_archive(work) if keep_archive else None
    shutil.rmtree(archive.parent / "versions" if archive else work, ignore_errors=True)
