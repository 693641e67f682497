"""Errors of the labelled data set and its download. Each carries a message, see `model.errors.MessageError`."""

from model.errors import DatasetError, MessageError


class DatasetUnusable(MessageError, DatasetError):
    """The data set folder is missing, incomplete or unreadable."""


class DownloadFailed(MessageError, DatasetError):
    """A download failed. Nothing was installed."""


class DownloadInterrupted(DownloadFailed):
    """A download was interrupted. Nothing was installed.

    A partial archive is kept, so the download can be resumed.
    """
