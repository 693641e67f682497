"""What can go wrong between a file and a finding, in words for the person who reads them.

    ReaderError                     base of all: `str(error)` is shown to the clinician as it stands
    |-- FileRefused                 this file is not read; the next one may be
    |   |-- FileUnreadable          empty, truncated or damaged
    |   |-- FormatUnsupported       a format that is not read (the message names those that are)
    |   |-- PictureTooLarge         more bytes or pixels than the limits allow
    |   |-- PictureTooSmall         shortest side under the least that can be judged
    |   |-- DecodingStopped         a DICOM file that broke its decoder, or took too long
    |   |-- DecodingNotStarted      no process could be started that reads DICOM: not the file's fault
    |   |-- NotAFrontalChestFilm    a DICOM file that says itself that it is something else
    |   |   |-- WrongModality       CT, MR, ultrasound...
    |   |   |-- WrongBodyPart       the hip, the hand...
    |   |   |-- LateralView
    |   |   |-- SeveralPictures     multi-frame: a loop, a stack of slices
    |   |   `-- ColourPicture
    |   `-- NotAdmitted             a picture that must not be read, whatever its file; its `code` says why
    |-- ReleaseError                the trained model cannot be trusted: nothing is read
    |   |-- ReleaseMissing          a file of the release is not there
    |   |-- ReleaseAltered          a file differs from the checksum that it was released with
    |   `-- ReleaseMismatch         the files do not fit each other or this program
    |-- ExplanationFailed           an explanation beside the heat map could not be computed; the finding stands
    |-- HelperLost                  a process that read some of the files was ended from outside; the others stop
    |-- DatasetError                the labelled set cannot be used as it lies there
    `-- TrainingError               a training command cannot go on

Each message says what happened, what is accepted and what to do. None holds a file name, a patient's name or an
identifier, except those of the training commands, whose user works on their own files.
"""

# The end of every sentence on a release that is not to be trusted.
RESTORE_RELEASE_TEXT = (
    "Nothing is read with it. Restore the folder model/release from the project, or release the model again."
)


class ProjectError(Exception):
    """Base of the family; `code_string` is the stable word that exports carry as `reason_code`."""

    code = "error"


class FileRefused(ProjectError):
    code = "file_refused"


class FileUnreadable(FileRefused):
    code = "unreadable"


class FormatUnsupported(FileRefused):
    code = "unsupported_format"


class ImageTooLarge(FileRefused):
    code = "too_large"


class ImageTooSmall(FileRefused):
    code = "too_small"


class DecodingAborted(FileRefused):
    code = "decoding_stopped"


class DecoderUnavailable(FileRefused):
    code = "decoding_not_started"


class NotAFrontalChestFilm(FileRefused):
    code = "not_a_frontal_chest_film"


class WrongModality(NotAFrontalChestFilm):
    code = "wrong_modality"


class WrongBodyPart(NotAFrontalChestFilm):
    code = "wrong_body_part"


class LateralView(NotAFrontalChestFilm):
    code = "lateral_view"


class MultiFrameImage(NotAFrontalChestFilm):
    code = "several_pictures"


class ColourImage(NotAFrontalChestFilm):
    code = "colour_picture"


class NotAdmitted(FileRefused):
    def __init__(self, message: str, code: str):
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
