"""Sentences about releases that cannot be used."""

from model.messages import AnyCode, MessageCode
from model.translation import N_

_RESTORE_RELEASE = N_(
    "No image can be read. Restore the folder model/release from the project, or reinstall the program."
)

SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    MessageCode.RELEASE_FILE_MISSING: (N_("The trained model is incomplete: {file} is missing."), _RESTORE_RELEASE),
    MessageCode.RELEASE_FILE_UNLISTED: (
        N_("The trained model is incomplete: its checksums do not list {file}."),
        _RESTORE_RELEASE,
    ),
    MessageCode.RELEASE_FILE_CHANGED: (
        N_("The trained model has been altered: {file} does not match its checksum."),
        _RESTORE_RELEASE,
    ),
    MessageCode.RELEASE_FILE_DAMAGED: (N_("The trained model is damaged: {file} is not valid."), _RESTORE_RELEASE),
    MessageCode.RELEASE_INCOMPATIBLE: (
        N_("The trained model does not fit this program: {item} is {declared}, but {expected} is required."),
        _RESTORE_RELEASE,
    ),
    MessageCode.NETWORK_UNUSABLE: (N_("The trained network cannot be loaded."), _RESTORE_RELEASE),
    MessageCode.NETWORK_INCOMPATIBLE: (
        N_("The trained network does not match the model's description."),
        _RESTORE_RELEASE,
    ),
    MessageCode.NETWORK_OUTPUT_INVALID: (
        N_("The trained network returned an invalid value for this image."),
        _RESTORE_RELEASE,
    ),
}
