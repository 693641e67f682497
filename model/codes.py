"""Labels, splits, refusal reasons and cautions: codes used in files, exports and the release, each defined once."""

from enum import StrEnum


class Label(StrEnum):
    """Class of a labelled image; its index in LABELS is the training target, 0 or 1."""

    NORMAL = "NORMAL"
    PNEUMONIA = "PNEUMONIA"


class Population(StrEnum):
    """Population of patients. Each has its own data set, calibration, operating points and metrics."""

    CHILDREN = "children"
    ADULTS = "adults"


class SplitName(StrEnum):
    """Part of the labelled data set."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


LABELS = tuple(Label)
SPLITS = tuple(SplitName)
POPULATIONS = tuple(Population)


class RefusalReason(StrEnum):
    """Why a file is refused; exported as `reason_code`."""

    # The file cannot be decoded.
    FILE_REFUSED = "file_refused"
    UNREADABLE = "unreadable"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"
    DECODING_ABORTED = "decoding_stopped"
    DECODER_UNAVAILABLE = "decoding_not_started"
    # The tags of a DICOM file say that it is not a frontal chest radiograph.
    NOT_A_FRONTAL_CHEST_FILM = "not_a_frontal_chest_film"
    WRONG_MODALITY = "wrong_modality"
    WRONG_BODY_PART = "wrong_body_part"
    LATERAL_VIEW = "lateral_view"
    MULTI_FRAME = "multi_frame"
    COLOUR_IMAGE = "colour_image"
    # The admission check refuses the image.
    NOT_A_RADIOGRAPH = "not_a_radiograph"
    NO_LUNGS = "no_lungs"
    INVERTED = "inverted"
    ROTATED = "rotated"
    CROPPED = "cropped"
    NO_CONTRAST = "no_contrast"


class Caution(StrEnum):
    """Limitation of a finding; exported in `cautions`."""

    # About the image, from the admission check.
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    MIRRORED = "mirrored"
    LOW_QUALITY = "low_quality"
    NEAR_DUPLICATE = "near_duplicate"
    CORRECTED = "corrected"
    # About the lungs and the patient.
    LUNGS_NOT_FOUND = "lungs_not_found"
    AGE_UNKNOWN = "age_unknown"
    OUTSIDE_POPULATION = "outside_population"
    # About the file.
    BURNED_IN_ANNOTATION = "burned_in_annotation"
    ENCODING_ASSUMED = "encoding_assumed"
    MODALITY_ASSUMED = "modality_assumed"
    NON_DEFAULT_WINDOW = "non_default_window"
    WINDOW_GUESSED = "window_guessed"
    WINDOW_IMPLAUSIBLE = "window_implausible"
    # About the heat map.
    EXPLANATION_UNRELIABLE = "explanation_unreliable"
    EXPLANATION_UNCHECKED = "explanation_unchecked"
    # The opacity map contradicts the score.
    NO_FOCAL_OPACITY = "no_focal_opacity"
    OPACITY_WITHOUT_SCORE = "opacity_without_score"


class HeatMapWarning(StrEnum):
    """Why a heat map is not reliable; also the name of the measurement that is below its limit."""

    INSIDE_LUNGS = "inside_lungs"
    EFFECT = "effect"
    AGREEMENT = "agreement"
    PEAK = "peak"  # of an opacity map
