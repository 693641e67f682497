"""Sentences about downloading the data set."""

from model.messages import AnyCode, MessageCode
from model.translation import N_

_NOTHING_SAVED = N_("Nothing was saved.")
_TRY_AGAIN = N_("Try again.")
_TRY_LATER = N_("Try again later.")
_DOWNLOAD_MANUALLY = N_(
    "Alternatively, download the data set from {page} in a browser, unpack it, and set CHEST_XRAY_DIR to the folder "
    "that contains train, val and test."
)

SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    MessageCode.SAMPLE_COUNT: (
        N_("{count} sample images cannot be downloaded. Choose a number from {minimum} to {maximum}."),
    ),
    MessageCode.DOWNLOAD_RUNNING: (
        N_("A download is already running."),
        N_("Wait until it has finished, then reload the page or start again."),
    ),
    MessageCode.TARGET_IN_USE: (
        N_("{folder} already exists and has other content."),
        _NOTHING_SAVED,
        N_("Remove it, or choose a new or empty folder (--to or CHEST_XRAY_DIR)."),
    ),
    MessageCode.TARGET_NOT_WRITABLE: (
        N_("The data set cannot be written to {folder} ({reason})."),
        N_("Check your permission to write there, or choose another folder (--to or CHEST_XRAY_DIR)."),
    ),
    MessageCode.DISK_FULL: (
        N_("The disk that holds {folder} is full. The download needs about {size} of free space."),
        _NOTHING_SAVED,
        N_("Free some space, or choose a folder on another disk (--to or CHEST_XRAY_DIR)."),
    ),
    MessageCode.DOWNLOAD_INTERRUPTED: (N_("The download was interrupted."), _NOTHING_SAVED),
    MessageCode.DOWNLOAD_RESUMABLE: (
        N_("The download was interrupted."),
        N_("Run the same command again to resume it."),
    ),
    MessageCode.CONNECTION_LOST: (N_("The connection was lost."), _NOTHING_SAVED, _TRY_AGAIN),
    MessageCode.CONNECTION_RESUMABLE: (
        N_("The connection was lost."),
        N_("Start the download again to resume it."),
    ),
    MessageCode.HOST_UNREACHABLE: (
        N_("{host} cannot be reached ({error})."),
        N_("Check the network connection and the proxy settings."),
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.LOGIN_REQUIRED: (
        N_("{host} asks for a login, although the data set is public (status {status})."),
        N_("Try again later or from another network."),
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.DOWNLOAD_FORBIDDEN: (
        N_("{host} refuses the download (status {status})."),
        N_("Try again later or from another network."),
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.DOWNLOAD_NOT_FOUND: (
        N_("{host} no longer offers the data set at this address (status {status})."),
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.HOST_ERROR: (N_("{host} reports an error (status {status})."), _TRY_LATER, _DOWNLOAD_MANUALLY),
    MessageCode.DOWNLOAD_DAMAGED: (
        N_("The downloaded file is damaged and was deleted ({reason})."),
        _TRY_AGAIN,
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.DOWNLOAD_MISMATCH: (
        N_("The archive does not contain the published data set. Images found and expected: {counts}."),
        _NOTHING_SAVED,
        _DOWNLOAD_MANUALLY,
    ),
    MessageCode.DOWNLOAD_NOT_AN_IMAGE: (
        N_("The downloaded file is not an image."),
        _NOTHING_SAVED,
        N_("The network may require a login: open any web page in the browser, then try again."),
        _DOWNLOAD_MANUALLY,
    ),
}
