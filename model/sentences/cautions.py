"""Sentences about the limitations of a finding."""

from model.codes import Caution
from model.messages import AnyCode
from model.sentences.advice import FULL_RANGE
from model.translation import N_

SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    Caution.OUT_OF_DISTRIBUTION: (
        N_("This X-ray is unlike those used in training. The result may be less accurate."),
        N_("Rely on your own reading."),
    ),
    Caution.MIRRORED: (
        N_("Left and right may be swapped: the heart appears on the wrong side."),
        N_("Check the side marker."),
    ),
    Caution.LOW_QUALITY: (
        N_("Low image quality: coarse, blurred or noisy. Subtle opacities may be missed."),
        N_("Use the original file if available."),
    ),
    Caution.NEAR_DUPLICATE: (N_("The model has seen this image (or a near copy), so the result is not a fair test."),),
    Caution.CORRECTED: (N_("The image was rotated or inverted at your request before it was read."),),
    Caution.LUNGS_NOT_FOUND: (
        N_("No lungs were found, so the whole image was read. Do not rely on this result."),
        N_("Check that this is a frontal chest X-ray, upright and not inverted."),
    ),
    Caution.AGE_UNKNOWN: (
        N_("The age of the patient is not known. The decision threshold for children was used."),
        N_("Enter the age, or choose children or adults."),
    ),
    Caution.OUTSIDE_POPULATION: (
        N_("The decision threshold is for patients aged {youngest} to {oldest} years."),
        N_("This patient is outside this age range."),
    ),
    Caution.BURNED_IN_ANNOTATION: (N_("Burned-in text may affect the result and may identify the patient."),),
    Caution.ENCODING_ASSUMED: (
        N_(
            "The file states no encoding, or a wrong one. It was read in the encoding that its content appears to have."
        ),
        N_("Check that the image looks right."),
    ),
    Caution.MODALITY_ASSUMED: (
        N_("The modality in the file is not one of chest X-rays. The image was read as a chest X-ray."),
        N_("Check that it is one."),
    ),
    Caution.NON_DEFAULT_WINDOW: (
        N_("Read with a window other than the first in the file, at your request."),
        N_("Workstations start with the first window, so this result may differ from theirs."),
    ),
    Caution.WINDOW_GUESSED: (
        N_(
            "The file does not state clearly which grey values to display, so their range was estimated from the image."
        ),
        N_("Check that the image looks right, with dark lungs and bright bones."),
    ),
    Caution.WINDOW_IMPLAUSIBLE: (
        N_("The image uses few of the grey levels, or large parts are plain black or white. Findings may be hidden."),
        FULL_RANGE,
    ),
    Caution.EXPLANATION_UNRELIABLE: (N_("The heat map is not reliable for this image."),),
    Caution.EXPLANATION_UNCHECKED: (N_("The heat map could not be checked for this image."),),
    Caution.NO_FOCAL_OPACITY: (
        N_(
            "Diffuse pattern, no focal opacity found: the probability reaches the decision threshold, but the opacity "
            "map marks no area."
        ),
        N_("Review both lungs completely."),
    ),
    Caution.OPACITY_WITHOUT_SCORE: (
        N_("The opacity map marks an area, although the probability is below the decision threshold."),
        N_("Look at the marked area yourself."),
    ),
}
