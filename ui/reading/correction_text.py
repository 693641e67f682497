"""Corrections of a refused image, as a button label and as a statement."""

from model.admission.decision import Correction
from model.translation import N_
from model.translation import gettext as _

_BUTTON_LABELS = {
    Correction(1, invert=False): N_("Rotate 90° clockwise"),
    Correction(2, invert=False): N_("Rotate 180°"),
    Correction(3, invert=False): N_("Rotate 90° counterclockwise"),
    Correction(0, invert=True): N_("Invert black and white"),
    Correction(1, invert=True): N_("Invert black and white and rotate 90° clockwise"),
    Correction(2, invert=True): N_("Invert black and white and rotate 180°"),
    Correction(3, invert=True): N_("Invert black and white and rotate 90° counterclockwise"),
}
_STATEMENTS = {
    Correction(1, invert=False): N_("Rotated 90° clockwise at your request, then checked and read."),
    Correction(2, invert=False): N_("Rotated 180° at your request, then checked and read."),
    Correction(3, invert=False): N_("Rotated 90° counterclockwise at your request, then checked and read."),
    Correction(0, invert=True): N_("Inverted at your request, then checked and read."),
    Correction(1, invert=True): N_("Inverted and rotated 90° clockwise at your request, then checked and read."),
    Correction(2, invert=True): N_("Inverted and rotated 180° at your request, then checked and read."),
    Correction(3, invert=True): N_("Inverted and rotated 90° counterclockwise at your request, then checked and read."),
}


def button_label(correction: Correction) -> str:
    """Return what a correction will do, as a button label."""
    return _(_BUTTON_LABELS[correction])


def correction_statement(correction: Correction) -> str:
    """Return what a correction did."""
    return _(_STATEMENTS[correction])
