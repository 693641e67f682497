"""Other explanation methods beside the heat map."""

from contextlib import closing
from html import escape

import numpy as np
import streamlit as st

from model.errors import ExplanationFailed
from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, METHODS, SMOOTH_GRAD, gradient_maps
from model.explanation.heatmap import colour_map, overlay, upsample_to_image
from model.explanation.occlusion import occlusion_map
from model.imaging.geometry import WHOLE_IMAGE, resize
from model.inference.classifier import Classifier
from ui.images import png_data_uri
from ui.session import UploadResult

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
_MAX_SIDE = 480  # pixels of a picture here
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


def compare_methods(reading: UploadResult, classifier: Classifier) -> None:
    """Draw other explanations beside the heat map, computed when they are asked for, once for a picture."""
    if reading.finding.model_version != classifier.release.version:
        st.info("This film was read by another model. Choose the file again to compare explanations.")
        return
    maps = _session_maps(reading)
    if len(maps) < len(METHOD_TEXTS) - 1:
        _compute_button(reading, classifier, maps)
    if maps:
        _show(reading, maps, classifier)


def _compute_button(reading: UploadResult, classifier: Classifier, maps: dict[str, np.ndarray]) -> None:
    """Compute what is missing where that is asked for; the offer is gone once nothing is."""
    place = st.empty()
    with place.container():
        st.markdown(
            "Other methods ask the same network in other ways. Where they agree, an explanation can be believed rather "
            "more. They take a quarter of a minute or more, and about a gigabyte of memory meanwhile."
        )
        if not st.button("Compute them", icon=":material/compare:", key=f"compare_{reading.upload}"):
            return
        try:
            _compute(reading, classifier, maps)
        except ExplanationFailed as failed:
            st.error(str(failed), icon=":material/error:")
            return
    place.empty()


def _session_maps(reading: UploadResult) -> dict[str, np.ndarray]:
    """What has been computed of the picture on screen as the networks saw it; that of the one before is dropped.

    Another window of the same file is seen anew, and so is what was turned.
    """
    seen, maps = st.session_state.get(_MAPS_KEY, (None, {}))
    if seen is not reading.admission_result.inference:
        maps = {}
        st.session_state[_MAPS_KEY] = (reading.admission_result.inference, maps)
    return maps


def _compute(reading: UploadResult, classifier: Classifier, maps: dict[str, np.ndarray]) -> None:
    """Fill in what is missing; a page that is left or used meanwhile ends it, and what has come is kept."""
    seen, release = reading.admission_result.inference, classifier.release
    picture = release.view.network_input(seen.working, seen.lungs, release.side)
    bar = st.progress(0.0, f"{OCCLUSION} ...")
    if OCCLUSION not in maps:
        maps[OCCLUSION] = occlusion_map(classifier, picture, seen.output.class_activation_map.shape)
    # Streamlit ends a script that is no longer wanted where it draws something, so the bar is drawn while it waits.
    with closing(gradient_maps(release, picture, lambda words: bar.progress(0.2, words))) as coming:
        for number, (method, values) in enumerate(coming, start=1):
            maps[method] = values
            following = f"{METHODS[number]} ..." if number < len(METHODS) else "Done"
            bar.progress(0.4 + 0.6 * number / len(METHODS), following)


def _show(reading: UploadResult, maps: dict[str, np.ndarray], classifier: Classifier) -> None:
    cells = reading.finding.heat_map.size
    strongest = classifier.release.map_scale / cells
    shown = {HEAT_MAP: reading.finding.heat_map} | {
        method: np.clip(maps[method] / strongest, 0, 1) for method in METHOD_TEXTS if method in maps
    }
    figures = [
        f'<figure><img src="{_map_image(reading, values)}" alt="{escape(_alt_text(method, values))}">'
        f"<figcaption><b>{escape(method)}</b><br>{escape(METHOD_TEXTS[method])}</figcaption></figure>"
        for method, values in shown.items()
    ]
    legend = (
        f'<div class="explanations-scale"><span>nothing added</span><i style="background:{_colour_gradient()}"></i>'
        f"<span>{strongest:.2f} or more added to the evidence (log odds) by an area of 1/{cells} of what is seen"
        "</span></div>"
    )
    st.html(f'{_STYLE}<div class="explanations">{"".join(figures)}</div>{legend}')
    st.caption("One scale for all, the same for every picture. Only what is seen by the reader is drawn.")


def _map_image(reading: UploadResult, values: np.ndarray) -> str:
    """The part of the film that is seen under a map, as an address that holds the picture itself."""
    film, box = reading.preview, reading.finding.heat_map_box
    left, top, right, bottom = box.to_pixels(film.height, film.width)
    scale = _MAX_SIDE / max(right - left, bottom - top)
    height, width = max(1, round(scale * (bottom - top))), max(1, round(scale * (right - left)))
    part = resize(film.pixels, height, width, box)
    return png_data_uri(overlay(part, upsample_to_image(values, WHOLE_IMAGE, height, width)))


def _alt_text(method: str, values: np.ndarray) -> str:
    if not values.any():
        return f"{method}: nothing coloured."
    row, column = np.unravel_index(values.argmax(), values.shape)
    across = ("left", "middle", "right")[3 * column // values.shape[1]]
    down = ("upper", "middle", "lower")[3 * row // values.shape[0]]
    return f"{method}: strongest in the {down} third of what is seen, at the {across} of the picture."


def _colour_gradient() -> str:
    """The colours of the map on a dark lung's grey, as CSS."""
    table = colour_map().astype(float)
    opacity = table[:, 3:] / 255
    mixed = (60 * (1 - opacity) + table[:, :3] * opacity).round().astype(int)
    stops = ", ".join(f"rgb({r},{g},{b})" for r, g, b in mixed[:: len(mixed) // 16])
    return f"linear-gradient(to right, {stops})"
