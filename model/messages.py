"""Messages as codes and parameters, independent of any language.

Errors, refusals and cautions carry messages. `model.sentences.render` turns a message into a sentence when it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from model.codes import Caution, RefusalReason

Parameter = str | int | float


class MessageCode(StrEnum):
    """What happened, in more detail than an error's class says. Comments list the parameters of the sentence."""

    # A file that cannot be decoded.
    EMPTY_FILE = "empty_file"
    FILE_NOT_OPENED = "file_not_opened"  # reason
    FILE_DAMAGED = "file_damaged"
    FILE_TOO_LARGE = "file_too_large"
    TOO_MANY_PIXELS = "too_many_pixels"  # width, height
    TOO_FEW_PIXELS = "too_few_pixels"  # width, height
    OUT_OF_MEMORY = "out_of_memory"
    OTHER_FORMAT = "other_format"  # file_format
    ANIMATED_PNG = "animated_png"
    RARE_JPEG = "rare_jpeg"
    # A DICOM file that is refused.
    DECODING_ABORTED = "decoding_aborted"
    DECODER_UNAVAILABLE = "decoder_unavailable"
    DICOM_DIRECTORY = "dicom_directory"
    NO_PIXEL_DATA = "no_pixel_data"
    OTHER_MODALITY = "other_modality"  # modality
    UNKNOWN_MODALITY = "unknown_modality"
    OTHER_BODY_PART = "other_body_part"  # body_part
    NON_FRONTAL_VIEW = "non_frontal_view"  # view
    MULTIPLE_FRAMES = "multiple_frames"  # frames
    COLOUR = "colour"
    COMPONENTS = "components"  # components
    FOR_PROCESSING = "for_processing"
    BITS_EXCEEDED = "bits_exceeded"  # bits
    TRANSFER_SYNTAX = "transfer_syntax"  # transfer_syntax
    BITS_ALLOCATED = "bits_allocated"  # bits
    # A release that cannot be used.
    RELEASE_FILE_MISSING = "release_file_missing"  # file
    RELEASE_FILE_UNLISTED = "release_file_unlisted"  # file
    RELEASE_FILE_CHANGED = "release_file_changed"  # file
    RELEASE_FILE_DAMAGED = "release_file_damaged"  # file
    RELEASE_INCOMPATIBLE = "release_incompatible"  # item, declared, expected
    NETWORK_UNUSABLE = "network_unusable"
    NETWORK_INCOMPATIBLE = "network_incompatible"
    NETWORK_OUTPUT_INVALID = "network_output_invalid"
    # A process that failed.
    EXPLANATION_FAILED = "explanation_failed"
    WORKER_LOST = "worker_lost"
    # A file or folder that a command cannot write.
    NO_SPACE_LEFT = "no_space_left"
    PATH_UNUSABLE = "path_unusable"  # path, reason
    # The labelled data set.
    DATASET_MISSING = "dataset_missing"  # folder
    DATASET_WITHOUT_SPLITS = "dataset_without_splits"  # folder
    CLASS_FOLDER_MISSING = "class_folder_missing"  # folder
    CLASS_FOLDER_EMPTY = "class_folder_empty"  # folder
    ADULT_DATASET_UNUSABLE = "adult_dataset_unusable"  # folder, table
    ADULT_COLUMNS_MISSING = "adult_columns_missing"  # folder, table, columns
    ADULT_ROW_TOO_SHORT = "adult_row_too_short"  # folder, table, line
    ADULT_LABEL_INVALID = "adult_label_invalid"  # folder, line, column
    ADULT_BOX_INVALID = "adult_box_invalid"  # folder, table, line, side
    ADULT_DATASET_EMPTY = "adult_dataset_empty"  # folder
    ADULT_IMAGE_MISSING = "adult_image_missing"  # folder, file
    TOO_FEW_PATIENTS = "too_few_patients"  # label, split, validation_percent
    NO_READABLE_IMAGES = "no_readable_images"
    # The download of the data set.
    SAMPLE_COUNT = "sample_count"  # count, minimum, maximum
    DOWNLOAD_RUNNING = "download_running"
    TARGET_IN_USE = "target_in_use"  # folder
    TARGET_NOT_WRITABLE = "target_not_writable"  # folder, reason
    DISK_FULL = "disk_full"  # folder, size
    DOWNLOAD_INTERRUPTED = "download_interrupted"
    DOWNLOAD_RESUMABLE = "download_resumable"
    CONNECTION_LOST = "connection_lost"
    CONNECTION_RESUMABLE = "connection_resumable"
    HOST_UNREACHABLE = "host_unreachable"  # host, error, page
    LOGIN_REQUIRED = "login_required"  # host, status, page
    DOWNLOAD_FORBIDDEN = "download_forbidden"  # host, status, page
    DOWNLOAD_NOT_FOUND = "download_not_found"  # host, status, page
    HOST_ERROR = "host_error"  # host, status, page
    DOWNLOAD_DAMAGED = "download_damaged"  # reason, page
    DOWNLOAD_MISMATCH = "download_mismatch"  # counts, page
    DOWNLOAD_NOT_AN_IMAGE = "download_not_an_image"  # page


AnyCode = MessageCode | RefusalReason | Caution


@dataclass(frozen=True)
class Message:
    """A code and the parameters of its sentence.

    Attributes:
        code: What happened.
        params: Values in the sentence. A term from a closed list, such as a modality, is given as its code.
    """

    code: AnyCode
    params: Mapping[str, Parameter] = field(default_factory=dict)
