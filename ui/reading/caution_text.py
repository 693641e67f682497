"""Cautions and refusals on screen: short texts, and sentences with the values of the release in use."""

from model.codes import Caution, Population, RefusalReason
from model.inference.finding import Finding
from model.inference.population import judged_as
from model.inference.release_loader import Release
from model.messages import Message
from model.performance.adults import adults_sentence
from model.sentences import render, render_codes
from model.translation import N_
from model.translation import gettext as _
from ui.resources import current_release_data

_SHORT_TEXTS: dict[Caution | RefusalReason, str] = {
    Caution.LUNGS_NOT_FOUND: N_("no lungs found"),
    Caution.AGE_UNKNOWN: N_("age not known"),
    Caution.OUTSIDE_POPULATION: N_("outside the age range"),
    Caution.BURNED_IN_ANNOTATION: N_("burned-in text"),
    Caution.ENCODING_ASSUMED: N_("encoding assumed"),
    Caution.MODALITY_ASSUMED: N_("modality assumed"),
    Caution.NON_DEFAULT_WINDOW: N_("not the first window in the file"),
    Caution.WINDOW_GUESSED: N_("grey range estimated"),
    Caution.WINDOW_IMPLAUSIBLE: N_("few grey levels used"),
    Caution.EXPLANATION_UNRELIABLE: N_("heat map not reliable"),
    Caution.EXPLANATION_UNCHECKED: N_("heat map not checked"),
    Caution.NO_FOCAL_OPACITY: N_("diffuse pattern, no focal opacity found"),
    Caution.OPACITY_WITHOUT_SCORE: N_("opacity marked below the threshold"),
    Caution.OUT_OF_DISTRIBUTION: N_("unlike the training images"),
    Caution.MIRRORED: N_("left and right may be swapped"),
    Caution.LOW_QUALITY: N_("low image quality"),
    Caution.NEAR_DUPLICATE: N_("used in training"),
    Caution.CORRECTED: N_("rotated or inverted before reading"),
    RefusalReason.TOO_SMALL: N_("too small"),
    RefusalReason.NOT_A_RADIOGRAPH: N_("not a chest X-ray"),
    RefusalReason.NO_LUNGS: N_("two lungs not identified"),
    RefusalReason.INVERTED: N_("black and white swapped"),
    RefusalReason.ROTATED: N_("rotated"),
    RefusalReason.CROPPED: N_("part of the chest missing"),
    RefusalReason.NO_CONTRAST: N_("contrast too low"),
}


def short_text(code: Caution | RefusalReason) -> str:
    """Return a caution or a reason of the admission check in a few words, for tables and text alternatives."""
    return _(_SHORT_TEXTS[code])


def caution_sentence(caution: Caution, finding: Finding, release: Release) -> str:
    """Return what a caution means and what to do about it."""
    if caution != Caution.OUTSIDE_POPULATION:
        return render_codes((caution,))
    youngest, oldest = release.populations[judged_as(finding.population, release.populations)].years
    text = render([Message(caution, {"youngest": youngest, "oldest": oldest})])
    if Population.ADULTS in release.populations:
        return text
    adults = adults_sentence(current_release_data(release).metrics.get("adults"), finding.operating_point.name)
    return f"{text} {adults}"
