"""Labels, splits, refusal reasons and cautions: the terms of files, exports and the release, each defined once."""

from collections.abc import Iterable
from enum import StrEnum

MIN_ADMISSIBLE_SIDE = 128  # pixels; below it a lung is fewer than 50 pixels wide


class Label(StrEnum):
    """Class of a labelled image; its position is the target, 0 or 1."""

    NORMAL = "NORMAL"
    PNEUMONIA = "PNEUMONIA"


class SplitName(StrEnum):
    """Part of the labelled data set."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


LABELS = tuple(Label)
SPLITS = tuple(SplitName)


class RefusalReason(StrEnum):
    """Why a file is not read; `reason_code` of an exported row."""

    # The file cannot be decoded.
    FILE_REFUSED = "file_refused"
    UNREADABLE = "unreadable"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"
    DECODING_ABORTED = "decoding_stopped"
    DECODER_UNAVAILABLE = "decoding_not_started"
    # By its tags, a DICOM file is no frontal chest radiograph.
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
    """Limit of a finding; `cautions` of an exported row."""

    # About the image, from the admission check.
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    MIRRORED = "mirrored"
    LOW_QUALITY = "low_quality"
    NEAR_DUPLICATE = "near_duplicate"
    CORRECTED = "corrected"
    # About the lungs and the patient.
    LUNGS_NOT_FOUND = "lungs_not_found"
    OUTSIDE_POPULATION = "outside_population"
    # About the DICOM file.
    BURNED_IN_ANNOTATION = "burned_in_annotation"
    ENCODING_ASSUMED = "encoding_assumed"
    NON_DEFAULT_WINDOW = "non_default_window"
    # About the heat map.
    EXPLANATION_UNRELIABLE = "explanation_unreliable"
    EXPLANATION_UNCHECKED = "explanation_unchecked"


_SENTENCES: dict[RefusalReason | Caution, str] = {
    RefusalReason.TOO_SMALL: (
        f"The picture is too small to judge lungs: at least {MIN_ADMISSIBLE_SIDE} pixels on the shorter side are "
        "accepted. Export the radiograph in its full size and choose that file."
    ),
    RefusalReason.NOT_A_RADIOGRAPH: (
        "This does not look like a chest radiograph. It may be a photograph, a drawing, a document, a screenshot, or "
        "another part of the body. Choose a file that shows a frontal chest radiograph and nothing else."
    ),
    RefusalReason.NO_LUNGS: (
        "No two lungs of plausible size and place were found. It may be a side view, another part of the body, or a "
        "CT or MR slice. Choose the frontal chest radiograph."
    ),
    RefusalReason.INVERTED: (
        "Black and white seem to be swapped: lungs should be dark and bones bright. Swap them, or export the "
        "radiograph anew without inversion."
    ),
    RefusalReason.ROTATED: "The radiograph seems to be turned. Turn it upright, with the head at the top.",
    RefusalReason.CROPPED: (
        "Only a part of the chest is in the picture. Choose the whole frontal film, with both lungs from top to bottom."
    ),
    RefusalReason.NO_CONTRAST: (
        "Too little is left between dark and bright: the picture is washed out, or its greys are cut off. Export the "
        "radiograph with its whole range of grey values."
    ),
    Caution.OUT_OF_DISTRIBUTION: (
        "This radiograph is unlike those that the reader was trained on, so its figures may not hold here. Give your "
        "own look more weight."
    ),
    Caution.MIRRORED: (
        "Left and right may be swapped: the heart seems to lie on the wrong side. Check the side marker of the film."
    ),
    Caution.LOW_QUALITY: (
        "The picture is unusually coarse, blurred or noisy, so fine opacities may be lost. Use the original file if "
        "there is one."
    ),
    Caution.NEAR_DUPLICATE: (
        "This film, or one nearly the same, was among those that the reader was trained on. The finding shows what it "
        "was taught rather than how well it reads."
    ),
    Caution.CORRECTED: "The picture was turned, or its black and white swapped, at the user's wish before it was read.",
}


def code_sentence(code: RefusalReason | Caution) -> str:
    """Return the explanation of a code for the clinician: what the admission check found and what to do about it.

    Raises:
        KeyError: The code is not one of the admission check.
    """
    return _SENTENCES[code]


def refusal_text(refusals: Iterable[RefusalReason]) -> str:
    """Return the explanations of all refusals in one text; "" if there are none."""
    return " ".join(map(code_sentence, refusals))
