"""Other explanation methods next to the heat map."""

from contextlib import closing
from html import escape

import numpy as np
import streamlit as st

from model.errors import ExplanationFailed
from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, METHODS, SMOOTH_GRAD, gradient_maps
from model.explanation.heatmap import colour_map, overlay, upsample_to_image
from model.explanation.occlusion import occlusion_map
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier, Inference
from ui.images import png_data_uri
from ui.session import ExaminedImage, ReadUpload

COMPARE_TITLE = "Compare explanations"
HEAT_MAP, OCCLUSION = "Heat map", "Occlusion"
METHOD_TEXTS = {
    HEAT_MAP: "The reader's own, computed with the finding: what each place adds to the evidence for pneumonia.",
    GRAD_CAM: "The last features, weighted by how the evidence depends on each. In this kind of network that is the "
    "heat map itself: a check that both are computed rightly.",
    GRAD_CAM_PLUS_PLUS: "The same, of the features that speak for pneumonia alone: it shows more than the reader goes "
    "by, for what speaks against is left out.",
    SMOOTH_GRAD: "How far the evidence changes with the grey of each spot, averaged over noisy copies, times that "
    "grey: fine, but speckled.",
    OCCLUSION: "Places are covered at random, again and again, and what each adds is told from how the evidence "
    "changes: it needs no look inside the network.",
}
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
        st.info("This film was read by another model. Choose the file again to compare explanations.")
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
    """Draw the button that computes the missing maps; it disappears once none is missing."""
    slot = st.empty()
    with slot.container():
        st.markdown(
            "Other methods ask the same network in other ways. Where they agree, an explanation can be believed rather "
            "more. They take a quarter of a minute or more, and about a gigabyte of memory meanwhile."
        )
        if not st.button("Compute them", icon=":material/compare:", key=f"compare_{upload.file.upload_id}"):
            return
        try:
            _compute(inference, classifier, maps)
        except ExplanationFailed as error:
            st.error(str(error), icon=":material/error:")
            return
    slot.empty()


def _session_maps(inference: Inference) -> dict[str, np.ndarray]:
    """Return the maps computed for the image on screen, by method; maps of an earlier image are dropped.

    Another window of the same file and a corrected image are other images: the networks have run again.
    """
    maps: dict[str, np.ndarray]
    maps_inference, maps = st.session_state.get(_MAPS_KEY, (None, {}))
    if maps_inference is not inference:
        maps = {}
        st.session_state[_MAPS_KEY] = (inference, maps)
    return maps


def _compute(inference: Inference, classifier: Classifier, maps: dict[str, np.ndarray]) -> None:
    """Add the missing maps. If the user leaves or uses the page, this ends and the maps so far are kept."""
    release = classifier.release
    network_input = release.input_region.network_input(inference.working, inference.lungs, release.side)
    bar = st.progress(0.0, f"{OCCLUSION} ...")
    if OCCLUSION not in maps:
        maps[OCCLUSION] = occlusion_map(classifier, network_input, inference.output.class_activation_map.shape)
    # Streamlit ends an unwanted run when the run draws something, so the bar is redrawn while the run waits.
    with closing(gradient_maps(release, network_input, lambda text: bar.progress(0.2, text))) as computed:
        for number, (method, values) in enumerate(computed, start=1):
            maps[method] = values
            next_text = f"{METHODS[number]} ..." if number < len(METHODS) else "Done"
            bar.progress(0.4 + 0.6 * number / len(METHODS), next_text)


def _show_maps(upload: ReadUpload, preview: Radiograph, classifier: Classifier, maps: dict[str, np.ndarray]) -> None:
    heat_map, box = upload.finding.heat_map, upload.finding.heat_map_box
    saturation = classifier.release.map_scale / heat_map.size  # log odds of the strongest colour
    scaled_maps = {HEAT_MAP: heat_map} | {
        method: np.clip(maps[method] / saturation, 0, 1) for method in METHOD_TEXTS if method in maps
    }
    figures = [
        f'<figure><img src="{_map_image(preview, values, box)}" alt="{escape(_alt_text(method, values))}">'
        f"<figcaption><b>{escape(method)}</b><br>{escape(METHOD_TEXTS[method])}</figcaption></figure>"
        for method, values in scaled_maps.items()
    ]
    legend = (
        f'<div class="explanations-scale"><span>nothing added</span><i style="background:{_colour_gradient()}"></i>'
        f"<span>{saturation:.2f} or more added to the evidence (log odds) by an area of 1/{heat_map.size} of what is "
        "seen</span></div>"
    )
    st.html(f'{_STYLE}<div class="explanations">{"".join(figures)}</div>{legend}')
    st.caption("One scale for all, the same for every picture. Only what is seen by the reader is drawn.")


def _map_image(preview: Radiograph, values: np.ndarray, box: RelativeBox) -> str:
    """Return the part of the radiograph that a map covers, with the map on it, as a data URI."""
    left, top, right, bottom = box.to_pixels(preview.height, preview.width)
    scale = _MAX_SIDE / max(right - left, bottom - top)
    height, width = max(1, round(scale * (bottom - top))), max(1, round(scale * (right - left)))
    part = resize(preview.pixels, height, width, box)
    return png_data_uri(overlay(part, upsample_to_image(values, WHOLE_IMAGE, height, width)))


def _alt_text(method: str, values: np.ndarray) -> str:
    if not values.any():
        return f"{method}: nothing coloured."
    row, column = np.unravel_index(values.argmax(), values.shape)
    across = ("left", "middle", "right")[3 * column // values.shape[1]]
    down = ("upper", "middle", "lower")[3 * row // values.shape[0]]
    return f"{method}: strongest in the {down} third of what is seen, at the {across} of the picture."


def _colour_gradient() -> str:
    """Return the colours of the map on the grey of a dark lung, as CSS."""
    colours = colour_map().astype(float)
    opacity = colours[:, 3:] / 255
    mixed = (60 * (1 - opacity) + colours[:, :3] * opacity).round().astype(int)
    stops = ", ".join(f"rgb({r},{g},{b})" for r, g, b in mixed[:: len(mixed) // 16])
    return f"linear-gradient(to right, {stops})"
