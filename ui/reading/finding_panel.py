"""The finding in words, number and icon, what to do next, and its downloads."""

from collections.abc import Callable
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.codes import Caution, refusal_text
from model.explanation.heatmap import overlay_png
from model.inference.decision import Verdict
from model.inference.finding import Finding
from model.inference.finding_rows import finding_row, to_csv
from model.inference.release_loader import Release
from ui.formatting import distinct_percents, percent
from ui.reading.caution_text import SHORT_TEXTS, caution_sentence
from ui.session import UploadResult

_VERDICT = {
    Verdict.PNEUMONIA: ("Signs of pneumonia", ":material/warning:"),
    Verdict.NORMAL: ("No sign of pneumonia found", ":material/check_circle:"),
    Verdict.INDETERMINATE: ("Indeterminate: refer to a radiologist", ":material/help:"),
}
_MEANING = {
    Verdict.PNEUMONIA: "The probability is at or above the threshold of the operating point.",
    Verdict.NORMAL: "Other disease is not looked for.",
    Verdict.INDETERMINATE: "The reader does not know: at this probability it cannot tell pneumonia from none as "
    "surely as it should, or the operating point contradicts what it takes for likely.",
}
_NEXT_STEP = {
    Verdict.PNEUMONIA: "Look again at the coloured areas. Treat by the child's signs and your guideline, not by this "
    "page alone.",
    Verdict.NORMAL: "If the child's signs speak for pneumonia, trust the child and not this page: early pneumonia may "
    "not show on a film.",
    Verdict.INDETERMINATE: "Have a radiologist look at the film. Until then, treat by the child's signs and your "
    "guideline.",
}
_NEXT_STEP_REFUSED = (
    "Do not act on this finding: the reader is not made for such a picture. Choose one that is accepted."
)
_NEXT_STEP_UNRELIABLE = (
    "Look again at the whole film. Treat by the child's signs and your guideline, not by this page alone."
)
_SHOWN_ELSEWHERE = (Caution.CORRECTED, Caution.EXPLANATION_UNRELIABLE, Caution.EXPLANATION_UNCHECKED)  # with more words
NO_EVIDENCE_TEXT = "The network found no positive evidence for pneumonia anywhere: there is nothing to colour."

_PROBABILITY_BAR = """
<style>
.probability-bar {{ position: relative; height: 0.8rem; border-radius: 0.4rem; margin: 0.2rem 0 1.5rem;
  background: color-mix(in srgb, CanvasText 14%, Canvas); }}
.probability-bar > div {{ height: 100%; border-radius: 0.4rem; background: #2f7fb5; }}
.probability-bar > i {{ position: absolute; top: -0.25rem; height: 1.3rem; width: 2px; background: CanvasText; }}
.probability-bar > span {{ position: absolute; top: 1.05rem; font-size: 0.75rem; white-space: nowrap;
  transform: translateX({shift}%); color: CanvasText; }}
</style>
<div class="probability-bar" role="img" aria-label="{label}">
  <div style="width: {filled:.2f}%"></div><i style="left: {mark:.2f}%"></i>
  <span style="left: {mark:.2f}%">threshold {threshold}</span>
</div>
"""


def alt_text(finding: Finding) -> str:
    """The finding in one sentence, the text alternative of the picture.

    What becomes of its heat map's check, which ends when the picture has been drawn, is said beside it; here, from the
    next run of the page on.
    """
    words, _ = _VERDICT[finding.verdict]
    evidence = "coloured where the network saw evidence for it" if finding.heat_map.any() else "nothing coloured"
    anyway = "".join(f" Read although refused: {SHORT_TEXTS[code]}." for code in finding.refusals)
    cautions = [caution for caution in finding.cautions if caution != Caution.EXPLANATION_UNCHECKED]
    cautions = "".join(f" Caution: {SHORT_TEXTS[caution]}." for caution in cautions)
    probability = percent(finding.probability)
    picture = "Picture" if finding.refusals else "Chest radiograph"
    return f"{picture}.{anyway} {words}, probability of pneumonia {probability}; {evidence}.{cautions}"


def show_finding(current: Callable[[], Finding], reading: UploadResult, release: Release) -> DeltaGenerator:
    """Draw the panel beside the viewer; where it says what to do next, for `show_next_step`.

    current: gives the reading's finding, see `UploadResult.shown`.
    """
    finding = current()
    words, icon = _VERDICT[finding.verdict]
    point = finding.operating_point
    if finding.refusals:
        st.error(f"**Read although refused, at your wish.** {refusal_text(finding.refusals)}", icon=":material/block:")
    if reading.correction:
        st.info(
            f"**{reading.correction.past_tense}** at your wish, then checked again and read.",
            icon=":material/auto_fix_high:",
        )
    st.subheader(f"{icon} {words}", anchor=False)
    for caution in finding.cautions:
        if caution not in _SHOWN_ELSEWHERE:
            st.warning(caution_sentence(caution, finding, release), icon=":material/help:")
    st.write(_MEANING[finding.verdict])
    shown, _ = distinct_percents(finding.probability, point.threshold)
    st.metric(f"Probability of pneumonia, at a prevalence of {percent(finding.prevalence)}", shown)
    st.html(_probability_bar(finding))
    following = st.empty()
    show_next_step(following, finding)
    if not finding.heat_map.any():
        st.info(NO_EVIDENCE_TEXT, icon=":material/visibility_off:")
    st.caption(
        f"Operating point: {point.name}, threshold {100 * point.threshold:.1f} %. Prevalence: of 100 children that are "
        f"filmed, {100 * finding.prevalence:.0f} have pneumonia. Model {finding.model_version}."
    )
    _download_buttons(current, reading)
    return following


def show_next_step(place: DeltaGenerator, finding: Finding) -> None:
    """Say in its place what to do next."""
    place.markdown(f"**Next:** {next_step(finding)}")


def next_step(finding: Finding) -> str:
    if finding.refusals:
        return _NEXT_STEP_REFUSED
    if finding.verdict is Verdict.PNEUMONIA and Caution.EXPLANATION_UNRELIABLE in finding.cautions:
        return _NEXT_STEP_UNRELIABLE
    return _NEXT_STEP[finding.verdict]


def _probability_bar(finding: Finding) -> str:
    threshold = finding.operating_point.threshold
    shown, shown_threshold = distinct_percents(finding.probability, threshold)
    return _PROBABILITY_BAR.format(
        label=escape(f"Probability {shown}, threshold {shown_threshold}"),
        filled=100 * finding.probability,
        mark=100 * threshold,
        threshold=escape(shown_threshold),
        shift=-100 * threshold,
    )


def _download_buttons(current: Callable[[], Finding], reading: UploadResult) -> None:
    name, preview = reading.name, reading.preview
    stem = name.rsplit(".", 1)[0]
    with st.container(horizontal=True):
        st.download_button(
            "Overlay as PNG",
            data=lambda: overlay_png(preview, current()),
            file_name=f"{stem}_heatmap.png",
            mime="image/png",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            "Row as CSV",
            data=lambda: to_csv([finding_row(name, current())]),
            file_name=f"{stem}_finding.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
