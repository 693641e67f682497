"""Age of the patient on screen."""

from dataclasses import replace

import streamlit as st

from model.translation import N_
from model.translation import gettext as _
from ui.session import ReadUpload, UploadResult, current_upload, session_uploads

AGE_LABEL = N_("Age of the patient in completed years, if known")
_MAX_AGE = 120


def age_control(upload: ReadUpload) -> None:
    """Draw the control for the age of the patient on screen."""
    key = _age_key(upload)
    st.session_state[key] = upload.file.age_years
    st.number_input(
        _(AGE_LABEL),
        0,
        _MAX_AGE,
        value=None,
        placeholder=_("not specified"),
        key=key,
        help=_("Taken from DICOM if present."),
        on_change=_keep_age,
        args=(key,),  # not the upload: Streamlit keeps the arguments of every control until the session ends
    )


def with_age(upload: UploadResult, age_years: int | None) -> UploadResult:
    """Return the upload with this age of the patient."""
    return replace(upload, file=replace(upload.file, age_years=age_years))


def _keep_age(key: str) -> None:
    upload = current_upload()
    if upload and key == _age_key(upload):  # else the upload left the screen before the input arrived
        session_uploads().update(with_age(upload, st.session_state[key]))


def _age_key(upload: UploadResult) -> str:
    return f"age_{upload.file.upload_id}"  # one per upload: the next patient has another age
