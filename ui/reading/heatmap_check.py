"""Can the heat map of the reading on screen be believed? Its checks, and other explanations beside it."""

from collections.abc import Sequence

import streamlit as st

from model.explanation.reliability import ReliabilityLimits, reliability_warnings
from model.inference.classifier import Classifier
from ui.session import UploadResult

CHECKING_TEXT = "Checking the heat map ..."
NOT_CHECKED_TEXT = "Whether this heat map can be believed was not checked: the release has no limits for that."
ANOTHER_MODEL_TEXT = "Whether this heat map can be believed was not checked by the model that drew it."
PASSED_TEXT = "The heat map passed its checks: see *Model performance* for what they are and how often they warn."
UNRELIABLE_TEXT = "**The explanation for this picture is not reliable:**"


def show_heat_map_check(reading: UploadResult, classifier: Classifier) -> bool:
    """Say whether the heat map of the reading on screen can be believed; true where that was found out just now.

    What has been drawn of it before is drawn anew by the caller and not by running the page once more: a file that is
    dropped at that very moment would be lost (Streamlit 1.67 forgets to tell the browser where to upload it).
    """
    if not reading.finding.heat_map.any():
        return False  # the page says that there is no evidence
    new = reading.check.doubts is None and ReliabilityLimits.from_release(classifier.release) is not None
    if new:
        if reading.finding.model_version != classifier.release.version:
            st.caption(ANOTHER_MODEL_TEXT)
            return False
        st.caption(CHECKING_TEXT)
        reading.check.doubts = reliability_warnings(classifier, reading.admission_result.inference)
    show_warnings(reading.check.doubts)
    return new


def show_warnings(found: Sequence[str] | None) -> None:
    """Say what the checks of a heat map have found, see `model.explanation.reliability.reliability_warnings`."""
    if found is None:
        st.caption(NOT_CHECKED_TEXT)
    elif found:
        why = "; ".join(found)
        st.warning(f"{UNRELIABLE_TEXT} {why}. Do not go by the coloured areas.", icon=":material/visibility_off:")
    else:
        st.caption(PASSED_TEXT)
