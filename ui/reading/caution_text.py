"""What cautions and refusals say to a clinician: a sentence in the panel, a few words where there is little room."""

from model.admission.decision import Code
from model.explanation.reliability import EXPLANATION_UNCHECKED, EXPLANATION_UNRELIABLE
from model.imaging.radiograph import BURNED_IN_ANNOTATION, ENCODING_ASSUMED, OTHER_WINDOW
from model.inference.classifier import LUNGS_NOT_FOUND, OUTSIDE_POPULATION, Finding
from model.inference.release_loader import Release
from model.performance.tables import adults_sentence
from ui.resources import current_tables

_CAUTION = {
    LUNGS_NOT_FOUND: "**No lungs were found in this picture:** do not rely on this finding, which is of the whole "
    "picture. Is it a frontal chest radiograph, upright and not inverted?",
    BURNED_IN_ANNOTATION: "**Text is burned into this picture,** as its file says. The reader may take letters for "
    "something else, and they may name the patient.",
    ENCODING_ASSUMED: "**This file does not say how it is encoded.** It was read as uncompressed (Implicit VR Little "
    "Endian), which the DICOM standard takes for granted then. Does the picture look right?",
    OTHER_WINDOW: "**Read through another window than the first of the file,** at your choice. Workstations show the "
    "first, and the other rows go by it, so this finding may differ.",
}
IN_SHORT = {
    LUNGS_NOT_FOUND: "no lungs found",
    OUTSIDE_POPULATION: "not of the age it is made for",
    BURNED_IN_ANNOTATION: "text burned into the picture",
    ENCODING_ASSUMED: "encoding assumed",
    OTHER_WINDOW: "another window than the first of the file",
    EXPLANATION_UNRELIABLE: "heat map not reliable",
    EXPLANATION_UNCHECKED: "heat map not checked",
    Code.UNFAMILIAR: "unlike the films it learned from",
    Code.MIRRORED: "left and right may be swapped",
    Code.LOW_QUALITY: "coarse, blurred or noisy",
    Code.NEAR_DUPLICATE: "it learned from this film",
    Code.REMEDIED: "turned or swapped before it was read",
    Code.TOO_SMALL: "too small",
    Code.NOT_A_RADIOGRAPH: "not a chest radiograph",
    Code.NO_LUNGS: "no two lungs",
    Code.INVERTED: "black and white swapped",
    Code.ROTATED: "turned",
    Code.CROPPED: "only a part of the chest",
    Code.NO_CONTRAST: "without contrast",
}


def caution_sentence(code: str, finding: Finding, release: Release) -> str:
    """What the reader of a finding should know, and do, by a code of its cautions."""
    if code in _CAUTION:
        return _CAUTION[code]
    if code != OUTSIDE_POPULATION:
        return Code(code).sentence
    youngest, oldest = release.description["population_years"]
    elsewhere = adults_sentence(current_tables(release).metrics.get("adults"), finding.operating_point.name)
    return f"**This reader is made for children of {youngest} to {oldest} years.** {elsewhere}"
