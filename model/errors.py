"""Exceptions of the project; `str(error)` is the message for the user.

    ProjectError                    base class of all errors below
    |-- FileRefused                 this file cannot be read; `code` is a RefusalReason
    |   |-- FileUnreadable          empty, truncated or damaged
    |   |-- FormatUnsupported       a file format that is not supported; the message names the supported ones
    |   |-- ImageTooLarge           more bytes or pixels than `model.limits` allows
    |   |-- ImageTooSmall           shorter side below MIN_DECODABLE_SIDE
    |   |-- DecodingAborted         a DICOM file that crashed its decoder or exceeded a limit
    |   |-- DecoderUnavailable      the process that decodes DICOM could not be started
    |   |-- NotAFrontalChestFilm    a DICOM file whose tags say that it shows something else
    |   |   |-- WrongModality       CT, MR, ultrasound...
    |   |   |-- WrongBodyPart       hip, hand...
    |   |   |-- LateralView         lateral or oblique
    |   |   |-- MultiFrameImage     a video or a stack of slices
    |   |   `-- ColourImage
    |   `-- NotAdmitted             refused by the admission check; `code` is the first reason
    |-- ReleaseError                the trained model cannot be used, so no image is read
    |   |-- ReleaseMissing          a file of the release is missing
    |   |-- ReleaseCorrupted        a file does not match its released checksum
    |   `-- ReleaseIncompatible     the files do not match each other or this version of the program
    |-- ExplanationFailed           a gradient map could not be computed; the finding is not affected
    |-- WorkerLost                  a worker process of a batch was killed; the batch stops
    |-- DatasetError                the labelled data set cannot be used
    `-- TrainingError               a training command cannot continue

No message contains the name of an input file, a patient's name or an identifier. Messages of the training and data set
commands are plain English sentences. They may name files, because the users of these commands work on their own files.
"""

from collections.abc import Sequence

from model.codes import RefusalReason
from model.messages import Message, MessageCode, Parameter
from model.sentences import render


class ProjectError(Exception):
    """Base class; `code` is a stable identifier, exported as `reason_code` when a file is refused."""

    code: str = "error"


class MessageError(ProjectError):
    """An error that carries its message as a code and parameters instead of a sentence.

    Attributes:
        messages: What happened; see `model.sentences.render`.
    """

    def __init__(self, code: MessageCode, **params: Parameter) -> None:
        """Create the error.

        Args:
            code: Code of the message.
            params: Parameters of the sentence for this code.
        """
        super().__init__(code, params)
        self.messages: tuple[Message, ...] = (Message(code, params),)

    def __str__(self) -> str:
        return render(self.messages)


class FileRefused(MessageError):
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
    def __init__(self, refusals: Sequence[RefusalReason]) -> None:
        """Create the error.

        Args:
            refusals: Reasons from the admission check, the main reason first.
        """
        Exception.__init__(self, refusals)
        self.code = refusals[0]
        self.messages = tuple(map(Message, refusals))


class ReleaseError(MessageError):
    code = "release"


class ReleaseMissing(ReleaseError):
    code = "release_missing"


class ReleaseCorrupted(ReleaseError):
    code = "release_altered"


class ReleaseIncompatible(ReleaseError):
    code = "release_mismatch"


class ExplanationFailed(MessageError):
    code = "explanation_failed"


class WorkerLost(MessageError):
    code = "helper_lost"


class DatasetError(ProjectError):
    code = "dataset"


class TrainingError(ProjectError):
    code = "training"
