"""Reliability check of the heat map on screen."""

from collections.abc import Sequence

import streamlit as st

from model.explanation.reliability import ReliabilityLimits, reliability_warnings
from model.inference.classifier import Classifier
from model.inference.finding import HeatMapCheck
from ui.session import ExaminedImage, ReadUpload, session_uploads

CHECKING_TEXT = "Checking the heat map ..."
NOT_CHECKED_TEXT = "Whether this heat map can be believed was not checked: the release has no limits for that."
ANOTHER_MODEL_TEXT = "Whether this heat map can be believed was not checked by the model that drew it."
PASSED_TEXT = "The heat map passed its checks: see *Model performance* for what they are and how often they warn."
UNRELIABLE_TEXT = "**The explanation for this picture is not reliable:**"


def show_heat_map_check(upload: ReadUpload, image: ExaminedImage, classifier: Classifier) -> ReadUpload | None:
    """Draw whether the heat map on screen is reliable; check it first if that has not been done.

    The caller redraws what depends on the check. Running the page once more would lose a file that is dropped at that
    moment (Streamlit 1.67 then does not tell the browser where to upload it).

    Returns:
        The upload with the result of a check that has run just now, else None.
    """
    if not upload.finding.heat_map.any():
        return None  # the page says that there is no evidence
    warnings = upload.heat_map_check.warnings
    if warnings is not None or ReliabilityLimits.from_release(classifier.release) is None:
        show_warnings(warnings)
        return None
    if upload.finding.model_version != classifier.release.version:
        st.caption(ANOTHER_MODEL_TEXT)
        return None
    # Looked up before the check: if the user goes on meanwhile, Streamlit ends this run at the next use of the session
    # state or of the page, and the row of this upload would stay unchecked.
    uploads = session_uploads()
    st.caption(CHECKING_TEXT)
    warnings = reliability_warnings(classifier, image.admission_result.inference)
    checked = uploads.set_heat_map_check(upload, HeatMapCheck(warnings))
    show_warnings(warnings)
    return checked


def show_warnings(warnings: Sequence[str] | None) -> None:
    """Draw the result of a check, see `model.explanation.reliability.reliability_warnings`."""
    if warnings is None:
        st.caption(NOT_CHECKED_TEXT)
    elif warnings:
        reasons = "; ".join(warnings)
        st.warning(f"{UNRELIABLE_TEXT} {reasons}. Do not go by the coloured areas.", icon=":material/visibility_off:")
    else:
        st.caption(PASSED_TEXT)
