"""Comparison of the heat map with other explanation methods."""

from contextlib import closing
from html import escape

import numpy as np
import streamlit as st

from model.errors import ExplanationFailed
from model.explanation.gradient_maps import (
    GRAD_CAM,
    GRAD_CAM_PLUS_PLUS,
    METHODS,
    SMOOTH_GRAD,
    gradient_maps,
    gradients_available,
)
from model.explanation.heatmap import colour_map, overlay, upsample_to_image
from model.explanation.occlusion import occlusion_map
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier, Inference
from model.translation import N_
from model.translation import gettext as _
from ui.images import png_data_uri
from ui.session import ExaminedImage, ReadUpload
from ui.viewer.texts import viewer_texts

COMPARE_TITLE = N_("Compare explanations")
HEAT_MAP, OCCLUSION = N_("Heat map"), N_("Occlusion")
METHOD_TEXTS = {
    HEAT_MAP: N_("Computed with the result: how much each area adds to the evidence of pneumonia."),
    GRAD_CAM: N_(
        "The last feature map, weighted by its gradients. For this network, it equals the heat map, which confirms "
        "that both are computed correctly."
    ),
    GRAD_CAM_PLUS_PLUS: N_(
        "Like Grad-CAM, but only with features that support pneumonia. Usually colours larger areas."
    ),
    SMOOTH_GRAD: N_(
        "The gradient of each pixel times its grey value, averaged over noisy copies. Shown on a coarse grid; noisy."
    ),
    OCCLUSION: N_(
        "Random areas are masked and the change in evidence is measured. Does not use the network's internals."
    ),
}
COMPUTE_BUTTON = N_("Compute explanations")
ANOTHER_MODEL_TEXT = N_(
    "This image was read by a different version of the model. Upload the file again to compare explanations."
)
NOT_INSTALLED_TEXT = N_(
    "To compare explanations, stop the server and start it with `make run` once. This installs TensorFlow (about 2 GB)."
)
AREAS = (  # thirds of the image: rows from the top, columns from the left
    (
        N_("in the upper left of the image"),
        N_("in the upper centre of the image"),
        N_("in the upper right of the image"),
    ),
    (N_("on the left of the image"), N_("in the centre of the image"), N_("on the right of the image")),
    (
        N_("in the lower left of the image"),
        N_("in the lower centre of the image"),
        N_("in the lower right of the image"),
    ),
)
_MAX_SIDE = 480  # pixels of an image of this panel
_MAPS_KEY = "explanations"
_STYLE = """
<style>
.explanations { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; }
.explanations figure { margin: 0; }
.explanations img { width: 100%; border-radius: 0.3rem; display: block; background: #000; }
.explanations figcaption { font-size: 0.85rem; line-height: 1.4; margin-top: 0.4rem; color: CanvasText; }
.explanations-scale { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.6rem; font-size: 0.85rem;
  margin-top: 0.9rem; color: CanvasText; }
.explanations-scale i { flex: 0 1 14rem; min-width: 8rem; height: 0.8rem; border-radius: 0.2rem; }
</style>
"""


def show_method_comparison(upload: ReadUpload, image: ExaminedImage, classifier: Classifier) -> None:
    """Draw the maps of other methods next to the heat map. They are computed on request, once per image."""
    if upload.finding.model_version != classifier.release.version:
        st.info(_(ANOTHER_MODEL_TEXT))
        return
    if not gradients_available():
        st.info(_(NOT_INSTALLED_TEXT))
        return
    inference = image.admission_result.inference
    maps = _session_maps(inference)
    if len(maps) < len(METHOD_TEXTS) - 1:
        _compute_control(upload, inference, classifier, maps)
    if maps:
        _show_maps(upload, image.preview, classifier, maps)


def _compute_control(
    upload: ReadUpload, inference: Inference, classifier: Classifier, maps: dict[str, np.ndarray]
) -> None:
    """Draw the button that computes the missing maps. It disappears when all maps have been computed."""
    slot = st.empty()
    with slot.container():
        st.markdown(
            _(
                "Other methods explain the same result in different ways. If they agree, the explanation is more "
                "reliable. This takes 15 seconds or more, and about 1 GB of memory."
            )
        )
        if not st.button(_(COMPUTE_BUTTON), icon=":material/compare:", key=f"compare_{upload.file.upload_id}"):
            return
        try:
            _compute(inference, classifier, maps)
        except ExplanationFailed as error:
            st.error(str(error), icon=":material/error:")
            return
    slot.empty()


def _session_maps(inference: Inference) -> dict[str, np.ndarray]:
    """Return the maps computed for the image on screen, by method; maps of an earlier image are dropped.

    Another window of the same file, or a corrected image, counts as another image, because the networks run again.
    """
    maps: dict[str, np.ndarray]
    maps_inference, maps = st.session_state.get(_MAPS_KEY, (None, {}))
    if maps_inference is not inference:
        maps = {}
        st.session_state[_MAPS_KEY] = (inference, maps)
    return maps


def _compute(inference: Inference, classifier: Classifier, maps: dict[str, np.ndarray]) -> None:
    """Add the missing maps. If the user leaves or uses the page, this stops and keeps the maps computed so far."""
    release = classifier.release
    network_input = release.input_region.network_input(inference.working, inference.lungs, release.side)
    bar = st.progress(0.0, _in_progress(OCCLUSION))
    if OCCLUSION not in maps:
        maps[OCCLUSION] = occlusion_map(classifier, network_input, inference.output.class_activation_map.shape)
    # Streamlit ends an outdated run only when it draws something, so redraw the bar while waiting.
    with closing(gradient_maps(release, network_input, lambda text: bar.progress(0.2, _(text)))) as computed:
        for number, (method, values) in enumerate(computed, start=1):
            maps[method] = values
            next_text = _in_progress(METHODS[number]) if number < len(METHODS) else _("Done")
            bar.progress(0.4 + 0.6 * number / len(METHODS), next_text)


def _in_progress(method: str) -> str:
    return _("Computing explanations: {method} ...").format(method=_(method))


def _show_maps(upload: ReadUpload, preview: Radiograph, classifier: Classifier, maps: dict[str, np.ndarray]) -> None:
    heat_map, box = upload.finding.heat_map, upload.finding.heat_map_box
    saturation = classifier.release.map_scale / heat_map.size  # log odds of the strongest colour
    scaled_maps = {HEAT_MAP: heat_map} | {
        method: np.clip(maps[method] / saturation, 0, 1) for method in METHOD_TEXTS if method in maps
    }
    figures = [
        f'<figure><img src="{_map_image(preview, values, box)}" alt="{escape(_alt_text(method, values))}">'
        f"<figcaption><b>{escape(_(method))}</b><br>{escape(_(METHOD_TEXTS[method]))}</figcaption></figure>"
        for method, values in scaled_maps.items()
    ]
    words = viewer_texts()  # as in the legend of the viewer, which has the same colours
    legend = (
        f'<div class="explanations-scale"><span>{escape(words["evidence"])}</span>'
        f"<span>{escape(words['evidence_none'])}</span>"
        f'<i style="background:{_colour_gradient()}"></i>'
        f"<span>{escape(words['evidence_strong'])}</span></div>"
    )
    st.html(f'{_STYLE}<div class="explanations">{"".join(figures)}</div>{legend}')
    st.caption(
        _(
            "All maps and all images use the same colour scale: 1 is {log_odds} or more log odds per {fraction} of the "
            "area. Only the area that the model reads is shown."
        ).format(log_odds=f"{saturation:.2f}", fraction=f"1/{heat_map.size}")
    )


def _map_image(preview: Radiograph, values: np.ndarray, box: RelativeBox) -> str:
    """Return the part of the radiograph that a map covers, with the map on it, as a data URI."""
    left, top, right, bottom = box.to_pixels(preview.height, preview.width)
    scale = _MAX_SIDE / max(right - left, bottom - top)
    height, width = max(1, round(scale * (bottom - top))), max(1, round(scale * (right - left)))
    part = resize(preview.pixels, height, width, box)
    return png_data_uri(overlay(part, upsample_to_image(values, WHOLE_IMAGE, height, width)))


def _alt_text(method: str, values: np.ndarray) -> str:
    if not values.any():
        return _("{method}: no area is coloured.").format(method=_(method))
    row, column = np.unravel_index(values.argmax(), values.shape)
    area = AREAS[3 * int(row) // values.shape[0]][3 * int(column) // values.shape[1]]
    return _("{method}: strongest {area}.").format(method=_(method), area=_(area))


def _colour_gradient() -> str:
    """Return the colours of the map on the grey of a dark lung, as CSS."""
    colours = colour_map().astype(float)
    opacity = colours[:, 3:] / 255
    mixed = (60 * (1 - opacity) + colours[:, :3] * opacity).round().astype(int)
    stops = ", ".join(f"rgb({r},{g},{b})" for r, g, b in mixed[:: len(mixed) // 16])
    return f"linear-gradient(90deg, {stops})"
