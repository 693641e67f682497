"""A refused image: the reason, the detected lungs, and what the user can do."""

from html import escape

import numpy as np
import streamlit as st
from scipy import ndimage

from model.admission.gate import AdmissionGate
from model.codes import RefusalReason
from model.imaging.geometry import resize
from model.inference.lung_segmentation import LungMask
from model.sentences import render
from model.translation import N_
from model.translation import gettext as _
from ui.images import png_data_uri
from ui.reading.actions import apply_correction, read_despite_refusal
from ui.reading.correction_text import button_label
from ui.reading.dicom_panel import window_control
from ui.session import ExaminedImage, RefusedUpload

_MAX_SIDE = 560  # pixels of the image on the page; small images are enlarged to keep the outline fine
_OUTLINE_COLOUR = (64, 196, 255)
NOT_READ_TEXT = N_("**Not read.** {reason}")
LUNGS_TEXT = N_("Outline: detected lungs")
DOUBTFUL_LUNGS_TEXT = N_("Outline: area segmented as lung (may be wrong)")
NO_LUNGS_TEXT = N_("No lungs detected")
READ_ANYWAY = N_("Read anyway")  # the expander and its button
READ_ANYWAY_TEXT = N_(
    "The model has not been tested on images like this, and the result may be wrong. The result, its row and its heat "
    "map will be marked as read despite refusal."
)
ANOTHER_MODEL_TEXT = N_(
    "This image was checked by a different version of the model. Upload the file again to check it."
)


def show_refusal(upload: RefusedUpload, gate: AdmissionGate, file_at_hand: bool) -> None:
    """Draw the refused upload on screen. The buttons correct the image or read it as it is, and rerun the page.

    Args:
        upload: Upload on screen.
        gate: Gate of the release in use.
        file_at_hand: Whether the file is still in the uploader; only then can another of its windows be selected.
    """
    reason = _(NOT_READ_TEXT).format(reason=render(upload.refusal_messages))
    image = upload.image
    if image is None:  # the file cannot be decoded
        st.error(reason, icon=":material/block:")
        return
    text_column, image_column = st.columns([2, 3], gap="medium")
    with text_column:
        st.error(reason, icon=":material/block:")
        if upload.refusal["model_version"] == gate.classifier.release.version:
            _action_controls(upload, image, gate)
        else:
            st.info(_(ANOTHER_MODEL_TEXT))
    with image_column:
        window_control(upload, image.preview.metadata, file_at_hand)
        _show_outlined_image(image)


def _action_controls(upload: RefusedUpload, image: ExaminedImage, gate: AdmissionGate) -> None:
    if correction := image.admission_result.admission.correction:
        st.markdown(_("This can be corrected. The correction will be noted in the result."))
        if st.button(button_label(correction), icon=":material/auto_fix_high:", type="primary"):
            apply_correction(upload, gate)
            st.rerun()
    with st.expander(_(READ_ANYWAY), icon=":material/report:"):
        st.markdown(_(READ_ANYWAY_TEXT))
        if st.button(_(READ_ANYWAY), icon=":material/warning:"):
            read_despite_refusal(upload, gate)
            st.rerun()


def _show_outlined_image(image: ExaminedImage) -> None:
    preview, lungs = image.preview, image.admission_result.inference.lungs
    scale = _MAX_SIDE / max(preview.height, preview.width)
    grey = resize(preview.pixels, max(1, round(scale * preview.height)), max(1, round(scale * preview.width)))
    caption = _(_outline_caption(image))
    alt = _("The refused image. {caption}.").format(caption=caption)
    st.html(
        f'<figure style="margin: 0"><img src="{png_data_uri(_with_lung_outline(grey, lungs))}" '
        f'alt="{escape(alt)}" '
        'style="display: block; max-width: 100%; max-height: 70vh; margin: 0 auto; border-radius: 0.3rem">'
        f'<figcaption style="font-size: 0.875rem; margin-top: 0.5rem; text-align: center">{escape(caption)}'
        "</figcaption></figure>"
    )


def _outline_caption(image: ExaminedImage) -> str:
    if image.admission_result.inference.lungs is None:
        return NO_LUNGS_TEXT
    is_doubtful = RefusalReason.NO_LUNGS in image.admission_result.admission.refusals
    return DOUBTFUL_LUNGS_TEXT if is_doubtful else LUNGS_TEXT


def _with_lung_outline(grey: np.ndarray, lungs: LungMask | None) -> np.ndarray:
    """Convert an image, float32 (height, width), 0-255, to uint8 (height, width, 3) with outlined lung fields."""
    image = np.repeat(grey.clip(0, 255).round().astype(np.uint8)[..., np.newaxis], 3, axis=2)
    if lungs:
        fields = resize(lungs.fields.astype(np.float32), *grey.shape) >= 0.5
        line_width = max(1, round(max(grey.shape) / 240))
        image[fields & ~ndimage.binary_erosion(fields, iterations=line_width)] = _OUTLINE_COLOUR
    return image
