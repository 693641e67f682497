"""Can the heat map of the reading on screen be believed? Its checks, and other explanations beside it."""

from collections.abc import Sequence
from contextlib import closing
from html import escape

import numpy as np
import streamlit as st

from model.errors import ExplanationFailed
from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, METHODS, SMOOTH_GRAD, gradient_maps
from model.explanation.heatmap import blend, colour_table, lay_over
from model.explanation.occlusion import occlusion_map
from model.explanation.reliability import CheckLimits, doubts
from model.imaging.geometry import WHOLE
from model.imaging.preprocessing import resize
from model.inference.classifier import Reader
from ui.images import png_address
from ui.session import Reading

COMPARE = "Compare explanations"
CHECKING = "Checking the heat map ..."
NOT_CHECKED = "Whether this heat map can be believed was not checked: the release has no limits for that."
ANOTHER_MODEL = "Whether this heat map can be believed was not checked by the model that drew it."
PASSED = "The heat map passed its checks: see *Model performance* for what they are and how often they warn."
UNRELIABLE = "**The explanation for this picture is not reliable:**"
HEAT_MAP, OCCLUSION = "Heat map", "Occlusion"
SHOWS = {
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
_LONGEST = 480  # pixels of a picture here
_MAPS = "explanations"

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


def show_check(reading: Reading, reader: Reader) -> bool:
    """Say whether the heat map of the reading on screen can be believed; true where that was found out just now.

    What has been drawn of it before is drawn anew by the caller and not by running the page once more: a file that is
    dropped at that very moment would be lost (Streamlit 1.67 forgets to tell the browser where to upload it).
    """
    if not reading.finding.heat_map.any():
        return False  # the page says that there is no evidence
    new = reading.check.doubts is None and CheckLimits.of(reader.release) is not None
    if new:
        if reading.finding.model_version != reader.release.version:
            st.caption(ANOTHER_MODEL)
            return False
        st.caption(CHECKING)
        reading.check.doubts = doubts(reader, reading.examination.seen)
    show_doubts(reading.check.doubts)
    return new


def show_doubts(found: Sequence[str] | None) -> None:
    """Say what the checks of a heat map have found, see `model.explanation.reliability.doubts`."""
    if found is None:
        st.caption(NOT_CHECKED)
    elif found:
        why = "; ".join(found)
        st.warning(f"{UNRELIABLE} {why}. Do not go by the coloured areas.", icon=":material/visibility_off:")
    else:
        st.caption(PASSED)


def compare_explanations(reading: Reading, reader: Reader) -> None:
    """Draw other explanations beside the heat map, computed when they are asked for, once for a picture."""
    if reading.finding.model_version != reader.release.version:
        st.info("This film was read by another model. Choose the file again to compare explanations.")
        return
    maps = _maps_of(reading)
    if len(maps) < len(SHOWS) - 1:
        _offer(reading, reader, maps)
    if maps:
        _show(reading, maps, reader)


def _offer(reading: Reading, reader: Reader, maps: dict[str, np.ndarray]) -> None:
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
            _compute(reading, reader, maps)
        except ExplanationFailed as failed:
            st.error(str(failed), icon=":material/error:")
            return
    place.empty()


def _maps_of(reading: Reading) -> dict[str, np.ndarray]:
    """What has been computed of the picture on screen as the networks saw it; that of the one before is dropped.

    Another window of the same file is seen anew, and so is what was turned.
    """
    seen, maps = st.session_state.get(_MAPS, (None, {}))
    if seen is not reading.examination.seen:
        maps = {}
        st.session_state[_MAPS] = (reading.examination.seen, maps)
    return maps


def _compute(reading: Reading, reader: Reader, maps: dict[str, np.ndarray]) -> None:
    """Fill in what is missing; a page that is left or used meanwhile ends it, and what has come is kept."""
    seen, release = reading.examination.seen, reader.release
    picture = release.view.look(seen.working, seen.lungs, release.side)
    bar = st.progress(0.0, f"{OCCLUSION} ...")
    if OCCLUSION not in maps:
        maps[OCCLUSION] = occlusion_map(reader, picture, seen.raw.class_activation_map.shape)
    # Streamlit ends a script that is no longer wanted where it draws something, so the bar is drawn while it waits.
    with closing(gradient_maps(release, picture, lambda words: bar.progress(0.2, words))) as coming:
        for number, (method, values) in enumerate(coming, start=1):
            maps[method] = values
            following = f"{METHODS[number]} ..." if number < len(METHODS) else "Done"
            bar.progress(0.4 + 0.6 * number / len(METHODS), following)


def _show(reading: Reading, maps: dict[str, np.ndarray], reader: Reader) -> None:
    cells = reading.finding.heat_map.size
    strongest = reader.release.map_scale / cells
    shown = {HEAT_MAP: reading.finding.heat_map} | {
        method: np.clip(maps[method] / strongest, 0, 1) for method in SHOWS if method in maps
    }
    figures = [
        f'<figure><img src="{_picture(reading, values)}" alt="{escape(_alt(method, values))}">'
        f"<figcaption><b>{escape(method)}</b><br>{escape(SHOWS[method])}</figcaption></figure>"
        for method, values in shown.items()
    ]
    legend = (
        f'<div class="explanations-scale"><span>nothing added</span><i style="background:{_ramp()}"></i>'
        f"<span>{strongest:.2f} or more added to the evidence (log odds) by an area of 1/{cells} of what is seen"
        "</span></div>"
    )
    st.html(f'{_STYLE}<div class="explanations">{"".join(figures)}</div>{legend}')
    st.caption("One scale for all, the same for every picture. Only what is seen by the reader is drawn.")


def _picture(reading: Reading, values: np.ndarray) -> str:
    """The part of the film that is seen under a map, as an address that holds the picture itself."""
    film, box = reading.preview, reading.finding.heat_map_box
    left, top, right, bottom = box.on(film.height, film.width)
    scale = _LONGEST / max(right - left, bottom - top)
    height, width = max(1, round(scale * (bottom - top))), max(1, round(scale * (right - left)))
    part = resize(film.pixels, height, width, box)
    return png_address(blend(part, lay_over(values, WHOLE, height, width)))


def _alt(method: str, values: np.ndarray) -> str:
    if not values.any():
        return f"{method}: nothing coloured."
    row, column = np.unravel_index(values.argmax(), values.shape)
    across = ("left", "middle", "right")[3 * column // values.shape[1]]
    down = ("upper", "middle", "lower")[3 * row // values.shape[0]]
    return f"{method}: strongest in the {down} third of what is seen, at the {across} of the picture."


def _ramp() -> str:
    """The colours of the map on a dark lung's grey, as CSS."""
    table = colour_table().astype(float)
    opacity = table[:, 3:] / 255
    mixed = (60 * (1 - opacity) + table[:, :3] * opacity).round().astype(int)
    stops = ", ".join(f"rgb({r},{g},{b})" for r, g, b in mixed[:: len(mixed) // 16])
    return f"linear-gradient(to right, {stops})"
