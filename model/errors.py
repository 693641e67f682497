"""Exceptions of the project. `str(error)` is a sentence for the user of the program.

    ProjectError                    base class of all
    |-- FileRefused                 this file is not read; the next one may be. `code` is a RefusalReason
    |   |-- FileUnreadable          empty, truncated or damaged
    |   |-- FormatUnsupported       a file format that is not supported; the message names those that are
    |   |-- ImageTooLarge           more bytes or pixels than `model.limits` allows
    |   |-- ImageTooSmall           shorter side below MIN_DECODABLE_SIDE
    |   |-- DecodingAborted         a DICOM file that broke its decoder or exceeded a limit
    |   |-- DecoderUnavailable      the process that decodes DICOM could not be started; the file is not at fault
    |   |-- NotAFrontalChestFilm    a DICOM file whose own tags say that it is something else
    |   |   |-- WrongModality       CT, MR, ultrasound...
    |   |   |-- WrongBodyPart       hip, hand...
    |   |   |-- LateralView         lateral or oblique
    |   |   |-- MultiFrameImage     a loop or a stack of slices
    |   |   `-- ColourImage
    |   `-- NotAdmitted             refused by the admission check; `code` is the first reason
    |-- ReleaseError                the trained model cannot be trusted, so nothing is read
    |   |-- ReleaseMissing          a file of the release is missing
    |   |-- ReleaseCorrupted        a file differs from its released checksum
    |   `-- ReleaseIncompatible     the files fit neither each other nor this version of the program
    |-- ExplanationFailed           a gradient map could not be computed; the finding is not affected
    |-- WorkerLost                  a worker process of a batch was killed from outside; the batch stops
    |-- DatasetError                the labelled data set cannot be used as it is
    `-- TrainingError               a training command cannot continue

Each message says what happened, what is accepted and what to do next. No message contains a file name, a patient's name
or an identifier, except those of the training commands, whose users work on their own files.
"""

from model.codes import RefusalReason

# Ends every message about a release that cannot be trusted.
RESTORE_RELEASE_TEXT = (
    "Nothing is read with it. Restore the folder model/release from the project, or release the model again."
)


class ProjectError(Exception):
    """Base class; `code` is a stable identifier, exported as `reason_code` if a file is refused."""

    code: str = "error"


class FileRefused(ProjectError):
    code: RefusalReason = RefusalReason.FILE_REFUSED


class FileUnreadable(FileRefused):
    code = RefusalReason.UNREADABLE


class FormatUnsupported(FileRefused):
    code = RefusalReason.UNSUPPORTED_FORMAT


class ImageTooLarge(FileRefused):
    code = RefusalReason.TOO_LARGE


class ImageTooSmall(FileRefused):
    code = RefusalReason.TOO_SMALL


class DecodingAborted(FileRefused):
    code = RefusalReason.DECODING_ABORTED


class DecoderUnavailable(FileRefused):
    code = RefusalReason.DECODER_UNAVAILABLE


class NotAFrontalChestFilm(FileRefused):
    code = RefusalReason.NOT_A_FRONTAL_CHEST_FILM


class WrongModality(NotAFrontalChestFilm):
    code = RefusalReason.WRONG_MODALITY


class WrongBodyPart(NotAFrontalChestFilm):
    code = RefusalReason.WRONG_BODY_PART


class LateralView(NotAFrontalChestFilm):
    code = RefusalReason.LATERAL_VIEW


class MultiFrameImage(NotAFrontalChestFilm):
    code = RefusalReason.MULTI_FRAME


class ColourImage(NotAFrontalChestFilm):
    code = RefusalReason.COLOUR_IMAGE


class NotAdmitted(FileRefused):
    def __init__(self, message: str, code: RefusalReason) -> None:
        super().__init__(message)
        self.code = code


class ReleaseError(ProjectError):
    code = "release"


class ReleaseMissing(ReleaseError):
    code = "release_missing"


class ReleaseCorrupted(ReleaseError):
    code = "release_altered"


class ReleaseIncompatible(ReleaseError):
    code = "release_mismatch"


class ExplanationFailed(ProjectError):
    code = "explanation_failed"


class WorkerLost(ProjectError):
    code = "helper_lost"


class DatasetError(ProjectError):
    code = "dataset"


class TrainingError(ProjectError):
    code = "training"
