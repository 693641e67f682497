"""Reliability check of the heat map on screen."""

from collections.abc import Sequence

import streamlit as st

from model.codes import Caution, HeatMapWarning
from model.explanation.reliability import ReliabilityLimits, reliability_warnings
from model.inference.classifier import Classifier
from model.inference.finding import Finding, HeatMapCheck
from model.translation import N_
from model.translation import gettext as _
from ui.session import ExaminedImage, ReadUpload, session_uploads
from ui.settings import SessionSettings

CHECKING_TEXT = N_("Checking the heat map ...")
NOT_CHECKED_TEXT = N_("The heat map was not checked: this model has no limits for the check.")
ANOTHER_MODEL_TEXT = N_("The heat map was not checked: it was made by a different version of the model.")
PASSED_TEXT = N_("No warning from the heat-map check. This does not mean that the map shows the disease.")
UNRELIABLE_TEXT = N_("**The heat map is not reliable for this image.** Do not rely on the coloured areas. {reasons}")
UNRELIABLE_FAINT_TEXT = N_(
    "**The heat map is not reliable for this image.** Evidence is too weak to show colour. {reasons}"
)
WARNING_TEXTS = {
    HeatMapWarning.INSIDE_LUNGS: N_("Little of the evidence is inside the lungs."),
    HeatMapWarning.EFFECT: N_("Masking the area with the strongest evidence hardly changes the probability."),
    HeatMapWarning.AGREEMENT: N_("Occlusion locates the evidence elsewhere."),
}
# For an opacity map.
OPACITY_PASSED_TEXT = N_(
    "No warning from the check of the opacity map. This does not mean that the map shows the disease."
)
OPACITY_UNRELIABLE_TEXT = N_(
    "**The opacity map is not reliable for this image.** Do not rely on the marked areas. {reasons}"
)
OPACITY_WARNING_TEXTS = {
    HeatMapWarning.INSIDE_LUNGS: N_("Little of the map is inside the lungs."),
    HeatMapWarning.EFFECT: N_("Masking the marked area hardly changes the probability of pneumonia."),
    HeatMapWarning.AGREEMENT: N_("Grad-CAM locates the evidence elsewhere."),
    HeatMapWarning.PEAK: N_("The model is not sure of any opacity that it marks."),
}
_MIN_VISIBLE = 0.15  # maximum of a heat map, 0-1, below which its colours are hard to see


def show_heat_map_check(
    upload: ReadUpload, image: ExaminedImage, classifier: Classifier, settings: SessionSettings
) -> ReadUpload | None:
    """Show whether the heat map on screen is reliable, and check it if that has not been done yet.

    The caller redraws everything that depends on the check. A rerun of the page would lose a file that the user drops
    at that moment, because Streamlit 1.67 would not send the browser an upload address.

    Args:
        upload: Upload on screen.
        image: Image of the upload.
        classifier: Classifier of the release in use.
        settings: Settings of this session.

    Returns:
        The upload with the result if the check has just run, else None.
    """
    if not upload.finding.has_evidence:
        return None  # the page shows that there is no evidence
    finding, warnings = upload.presented(settings), upload.heat_map_check.warnings
    if warnings is not None or ReliabilityLimits.from_release(classifier.release) is None:
        show_warnings(warnings, finding)
        return None
    if upload.finding.model_version != classifier.release.version:
        st.caption(_(ANOTHER_MODEL_TEXT))
        return None
    # Get the uploads before the check. If the user moves on during the check, Streamlit ends this run at the next use
    # of the session state or of the page, and the row of this upload would stay unchecked.
    uploads = session_uploads()
    st.caption(_(CHECKING_TEXT))
    warnings = reliability_warnings(classifier, image.admission_result.inference)
    checked = uploads.set_heat_map_check(upload, HeatMapCheck(warnings))
    show_warnings(warnings, finding)
    return checked


def show_warnings(warnings: Sequence[HeatMapWarning] | None, finding: Finding) -> None:
    """Draw the result of a check.

    A check without warnings is not mentioned if the image was refused or the patient is outside the age range, because
    that would sound reassuring.

    Args:
        warnings: See `model.explanation.reliability.reliability_warnings`.
        finding: Finding as presented, with its refusals and the caution about age.
    """
    if warnings is None:
        st.caption(_(NOT_CHECKED_TEXT))
    elif warnings:
        st.warning(_unreliable_text(warnings, finding), icon=":material/visibility_off:")
    elif not finding.refusals and Caution.OUTSIDE_POPULATION not in finding.cautions:
        st.caption(_(PASSED_TEXT if finding.opacity_map is None else OPACITY_PASSED_TEXT))


def _unreliable_text(warnings: Sequence[HeatMapWarning], finding: Finding) -> str:
    if finding.opacity_map is not None:
        text, reason_texts = OPACITY_UNRELIABLE_TEXT, OPACITY_WARNING_TEXTS
    else:
        is_visible = finding.heat_map.max() >= _MIN_VISIBLE
        text, reason_texts = UNRELIABLE_TEXT if is_visible else UNRELIABLE_FAINT_TEXT, WARNING_TEXTS
    return _(text).format(reasons=" ".join(_(reason_texts[warning]) for warning in warnings))
