"""Cautions and refusals as text for clinicians: sentences for the panel, short texts for tables and alternatives."""

from model.codes import Caution, RefusalReason, code_sentence
from model.inference.finding import Finding
from model.inference.release_loader import Release
from model.performance.tables import adults_sentence
from ui.resources import current_release_data

_SENTENCES = {
    Caution.LUNGS_NOT_FOUND: "**No lungs were found in this picture:** do not rely on this finding, which is of the "
    "whole picture. Is it a frontal chest radiograph, upright and not inverted?",
    Caution.BURNED_IN_ANNOTATION: "**Text is burned into this picture,** as its file says. The reader may take letters "
    "for something else, and they may name the patient.",
    Caution.ENCODING_ASSUMED: "**This file does not say how it is encoded.** It was read as uncompressed (Implicit VR "
    "Little Endian), which the DICOM standard takes for granted then. Does the picture look right?",
    Caution.NON_DEFAULT_WINDOW: "**Read through another window than the first of the file,** at your choice. "
    "Workstations show the first, and the other rows go by it, so this finding may differ.",
}
SHORT_TEXTS: dict[Caution | RefusalReason, str] = {
    Caution.LUNGS_NOT_FOUND: "no lungs found",
    Caution.OUTSIDE_POPULATION: "not of the age it is made for",
    Caution.BURNED_IN_ANNOTATION: "text burned into the picture",
    Caution.ENCODING_ASSUMED: "encoding assumed",
    Caution.NON_DEFAULT_WINDOW: "another window than the first of the file",
    Caution.EXPLANATION_UNRELIABLE: "heat map not reliable",
    Caution.EXPLANATION_UNCHECKED: "heat map not checked",
    Caution.OUT_OF_DISTRIBUTION: "unlike the films it learned from",
    Caution.MIRRORED: "left and right may be swapped",
    Caution.LOW_QUALITY: "coarse, blurred or noisy",
    Caution.NEAR_DUPLICATE: "it learned from this film",
    Caution.CORRECTED: "turned or swapped before it was read",
    RefusalReason.TOO_SMALL: "too small",
    RefusalReason.NOT_A_RADIOGRAPH: "not a chest radiograph",
    RefusalReason.NO_LUNGS: "no two lungs",
    RefusalReason.INVERTED: "black and white swapped",
    RefusalReason.ROTATED: "turned",
    RefusalReason.CROPPED: "only a part of the chest",
    RefusalReason.NO_CONTRAST: "without contrast",
}


def caution_sentence(caution: Caution, finding: Finding, release: Release) -> str:
    """Return what a caution of a finding means and what to do about it."""
    if caution in _SENTENCES:
        return _SENTENCES[caution]
    if caution != Caution.OUTSIDE_POPULATION:
        return code_sentence(caution)
    youngest, oldest = release.description["population_years"]
    adults = adults_sentence(current_release_data(release).metrics.get("adults"), finding.operating_point.name)
    return f"**This reader is made for children of {youngest} to {oldest} years.** {adults}"
