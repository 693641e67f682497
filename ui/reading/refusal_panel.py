"""A refused image: the reason, what the admission check saw, and what the user can do."""

from html import escape

import numpy as np
import streamlit as st
from scipy import ndimage

from model.admission.gate import AdmissionGate
from model.imaging.geometry import resize
from model.inference.lung_segmentation import LungMask
from ui.images import png_data_uri
from ui.reading.dicom_panel import window_control
from ui.session import ExaminedImage, RefusedUpload, apply_correction, read_despite_refusal

_MAX_SIDE = 560  # pixels of the image on the page; small images are enlarged, so that the outline is fine
_OUTLINE_COLOUR = (64, 196, 255)
NO_LUNGS_TEXT = "The check found no lungs in it."
LUNGS_TEXT = "Outlined: what the check takes for lungs."
READ_ANYWAY_TEXT = (
    "Nobody has measured how well such pictures are read: the finding may be wrong in any way. It will say that the "
    "picture was refused and read at your wish, and so will its row and its overlay."
)
ANOTHER_MODEL_TEXT = "This picture was checked by another model. Choose the file again to check it anew."


def show_refusal(upload: RefusedUpload, gate: AdmissionGate, file_at_hand: bool) -> None:
    """Draw the refused upload on screen. Its buttons correct it or read it as it is, and run the page again.

    Args:
        upload: Upload on screen.
        gate: Gate of the release in use.
        file_at_hand: Whether the file is still in the uploader, so that another of its windows can be selected.
    """
    reason = f"**Not read.** {upload.refusal['reason']}"
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
            st.info(ANOTHER_MODEL_TEXT)
    with image_column:
        window_control(upload, image.preview.metadata, file_at_hand)
        _show_outlined_image(image)


def _action_controls(upload: RefusedUpload, image: ExaminedImage, gate: AdmissionGate) -> None:
    if correction := image.admission_result.admission.correction:
        st.markdown("One step makes it a picture that can be read. The finding will say what was done.")
        if st.button(correction.button_label, icon=":material/auto_fix_high:", type="primary"):
            apply_correction(upload, gate)
            st.rerun()
    with st.expander("Read it all the same", icon=":material/report:"):
        st.markdown(READ_ANYWAY_TEXT)
        if st.button("Read anyway", icon=":material/warning:"):
            read_despite_refusal(upload, gate)
            st.rerun()


def _show_outlined_image(image: ExaminedImage) -> None:
    preview, lungs = image.preview, image.admission_result.inference.lungs
    scale = _MAX_SIDE / max(preview.height, preview.width)
    grey = resize(preview.pixels, max(1, round(scale * preview.height)), max(1, round(scale * preview.width)))
    caption = LUNGS_TEXT if lungs else NO_LUNGS_TEXT
    st.html(
        f'<figure style="margin: 0"><img src="{png_data_uri(_with_lung_outline(grey, lungs))}" '
        f'alt="{escape(f"The refused picture. {caption}")}" '
        'style="display: block; max-width: 100%; max-height: 70vh; margin: 0 auto; border-radius: 0.3rem">'
        f'<figcaption style="font-size: 0.875rem; margin-top: 0.5rem; text-align: center">{escape(caption)}'
        "</figcaption></figure>"
    )


def _with_lung_outline(grey: np.ndarray, lungs: LungMask | None) -> np.ndarray:
    """Convert an image, float32 (height, width), 0-255, to uint8 (height, width, 3) with outlined lung fields."""
    image = np.repeat(grey.clip(0, 255).round().astype(np.uint8)[..., np.newaxis], 3, axis=2)
    if lungs:
        fields = resize(lungs.fields.astype(np.float32), *grey.shape) >= 0.5
        line_width = max(1, round(max(grey.shape) / 240))
        image[fields & ~ndimage.binary_erosion(fields, iterations=line_width)] = _OUTLINE_COLOUR
    return image
