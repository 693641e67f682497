"""A refused picture: why it is not read, what the check saw of it, and the ways on."""

from html import escape

import numpy as np
import streamlit as st
from scipy import ndimage

from model.admission.gate import AdmissionGate
from model.imaging.geometry import resize
from model.inference.lung_segmentation import LungMask
from ui.images import png_data_uri
from ui.reading.dicom_panel import window_control
from ui.session import UploadResult, apply_correction, read_despite_refusal

_MAX_SIDE = 560  # pixels of the picture on the page; small files are drawn as large, so that the outline is fine
_OUTLINE = (64, 196, 255)
NO_LUNGS_TEXT = "The check found no lungs in it."
LUNGS_TEXT = "Outlined: what the check takes for lungs."
READ_ANYWAY_TEXT = (
    "Nobody has measured how well such pictures are read: the finding may be wrong in any way. It will say that the "
    "picture was refused and read at your wish, and so will its row and its overlay."
)
ANOTHER_MODEL_TEXT = "This picture was checked by another model. Choose the file again to check it anew."


def show_refusal(reading: UploadResult, gate: AdmissionGate, changeable: bool) -> None:
    """Draw the refused reading on screen; its buttons read it, put right or as it is, and draw the page anew.

    changeable: its file is still at hand, so that another of its windows may be chosen.
    """
    reason = f"**Not read.** {reading.refusal['reason']}"
    if reading.admission_result is None:  # the file could not be opened
        st.error(reason, icon=":material/block:")
        return
    words, picture = st.columns([2, 3], gap="medium")
    with words:
        st.error(reason, icon=":material/block:")
        if reading.refusal["model_version"] == gate.classifier.release.version:
            _next_actions(reading, gate)
        else:
            st.info(ANOTHER_MODEL_TEXT)
    with picture:
        window_control(reading, changeable)
        _outlined_image(reading)


def _next_actions(reading: UploadResult, gate: AdmissionGate) -> None:
    if correction := reading.admission_result.admission.correction:
        st.markdown("One step makes it a picture that can be read. The finding will say what was done.")
        if st.button(correction.button_label, icon=":material/auto_fix_high:", type="primary"):
            apply_correction(gate)
            st.rerun()
    with st.expander("Read it all the same", icon=":material/report:"):
        st.markdown(READ_ANYWAY_TEXT)
        if st.button("Read anyway", icon=":material/warning:"):
            read_despite_refusal(gate)
            st.rerun()


def _outlined_image(reading: UploadResult) -> None:
    film, lungs = reading.preview, reading.admission_result.inference.lungs
    scale = _MAX_SIDE / max(film.height, film.width)
    grey = resize(film.pixels, max(1, round(scale * film.height)), max(1, round(scale * film.width)))
    caption = LUNGS_TEXT if lungs else NO_LUNGS_TEXT
    st.html(
        f'<figure style="margin: 0"><img src="{png_data_uri(_with_lung_outline(grey, lungs))}" '
        f'alt="{escape(f"The refused picture. {caption}")}" '
        'style="display: block; max-width: 100%; max-height: 70vh; margin: 0 auto; border-radius: 0.3rem">'
        f'<figcaption style="font-size: 0.875rem; margin-top: 0.5rem; text-align: center">{escape(caption)}'
        "</figcaption></figure>"
    )


def _with_lung_outline(grey: np.ndarray, lungs: LungMask | None) -> np.ndarray:
    """A picture, float32 (height, width), 0-255, as uint8 (height, width, 3) with an outline around lung fields."""
    picture = np.repeat(grey.clip(0, 255).round().astype(np.uint8)[..., np.newaxis], 3, axis=2)
    if lungs:
        fields = resize(lungs.fields.astype(np.float32), *grey.shape) >= 0.5
        width = max(1, round(max(grey.shape) / 240))
        picture[fields & ~ndimage.binary_erosion(fields, iterations=width)] = _OUTLINE
    return picture
