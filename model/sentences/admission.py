"""Sentences about images that the admission check refuses."""

from model.codes import RefusalReason
from model.messages import AnyCode
from model.sentences.advice import FULL_RANGE
from model.translation import N_

SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    RefusalReason.TOO_SMALL: (
        N_("The image is too small: the shorter side needs at least {min_admissible_side} pixels."),
        N_("Export the X-ray at full size."),
    ),
    RefusalReason.NOT_A_RADIOGRAPH: (
        N_("This does not look like a chest X-ray."),
        N_("Upload an image that shows only a frontal chest X-ray."),
    ),
    RefusalReason.NO_LUNGS: (
        N_("Two lungs in a frontal view could not be identified."),
        N_("The image may show a lateral view, another part of the body, or a CT or MR slice."),
        N_("Upload a frontal chest X-ray."),
    ),
    RefusalReason.INVERTED: (
        N_("Black and white appear to be swapped: lungs should be dark and bones bright."),
        N_("Invert the image, or export the X-ray without inversion."),
    ),
    RefusalReason.ROTATED: (
        N_("The X-ray appears to be rotated or upside down."),
        N_("Rotate it so that the head is at the top."),
    ),
    RefusalReason.CROPPED: (
        N_("Part of the chest is missing."),
        N_("Upload the complete X-ray with both lungs from apex to base."),
    ),
    RefusalReason.NO_CONTRAST: (
        N_("Contrast too low: the image is washed out or its grey values are cut off."),
        FULL_RANGE,
    ),
}
