"""The finding as text, number and icon, the next step, and the downloads."""

from functools import partial
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.codes import Caution, refusal_text
from model.explanation.heatmap import overlay_png
from model.imaging.radiograph import Radiograph
from model.inference.decision import Verdict
from model.inference.finding import Finding
from model.inference.finding_rows import finding_row, to_csv
from ui.formatting import distinct_percents, per_hundred, percent, threshold_percent
from ui.reading.caution_text import SHORT_TEXTS, caution_sentence
from ui.session import ExaminedImage, FileInfo, ReadUpload, SessionUploads, session_uploads
from ui.settings import SessionSettings

_VERDICTS = {
    Verdict.PNEUMONIA: ("Signs of pneumonia", ":material/warning:"),
    Verdict.NORMAL: ("No sign of pneumonia found", ":material/check_circle:"),
    Verdict.INDETERMINATE: ("Indeterminate: refer to a radiologist", ":material/help:"),
}
_MEANINGS = {
    Verdict.PNEUMONIA: "The probability is at or above the threshold of the operating point.",
    Verdict.NORMAL: "Other disease is not looked for.",
    Verdict.INDETERMINATE: "The reader does not know: at this probability it cannot tell pneumonia from none as "
    "surely as it should, or the operating point contradicts what it takes for likely.",
}
_NEXT_STEPS = {
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
_SHOWN_ELSEWHERE = (Caution.CORRECTED, Caution.EXPLANATION_UNRELIABLE, Caution.EXPLANATION_UNCHECKED)  # in more detail
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
    """Return the finding in one sentence, the text alternative of the image.

    The check of the heat map ends after the image is drawn. Its result is part of the alternative from the next run of
    the page on; until then the panel shows it.
    """
    verdict, _ = _VERDICTS[finding.verdict]
    evidence = "coloured where the network saw evidence for it" if finding.heat_map.any() else "nothing coloured"
    refusals = "".join(f" Read although refused: {SHORT_TEXTS[code]}." for code in finding.refusals)
    cautions = "".join(
        f" Caution: {SHORT_TEXTS[caution]}." for caution in finding.cautions if caution != Caution.EXPLANATION_UNCHECKED
    )
    probability = percent(finding.probability)
    image = "Picture" if finding.refusals else "Chest radiograph"
    return f"{image}.{refusals} {verdict}, probability of pneumonia {probability}; {evidence}.{cautions}"


def show_finding(upload: ReadUpload, image: ExaminedImage, settings: SessionSettings) -> DeltaGenerator:
    """Draw the panel next to the viewer.

    Returns:
        The slot of the next step, for `show_next_step`.
    """
    finding = upload.presented(settings)
    verdict, icon = _VERDICTS[finding.verdict]
    point = finding.operating_point
    if finding.refusals:
        st.error(f"**Read although refused, at your wish.** {refusal_text(finding.refusals)}", icon=":material/block:")
    if upload.correction:
        st.info(
            f"**{upload.correction.past_tense}** at your wish, then checked again and read.",
            icon=":material/auto_fix_high:",
        )
    st.subheader(f"{icon} {verdict}", anchor=False)
    for caution in finding.cautions:
        if caution not in _SHOWN_ELSEWHERE:
            st.warning(caution_sentence(caution, finding, settings.release), icon=":material/help:")
    st.write(_MEANINGS[finding.verdict])
    probability, _ = distinct_percents(finding.probability, point.threshold)
    st.metric(f"Probability of pneumonia, at a prevalence of {percent(finding.prevalence)}", probability)
    st.html(_probability_bar(finding))
    slot = st.empty()
    show_next_step(slot, finding)
    if not finding.heat_map.any():
        st.info(NO_EVIDENCE_TEXT, icon=":material/visibility_off:")
    st.caption(
        f"Operating point: {point.name}, threshold {threshold_percent(point.threshold)}. Prevalence: of 100 children "
        f"that are filmed, {per_hundred(finding.prevalence)} have pneumonia. Model {finding.model_version}."
    )
    _show_downloads(upload.file, image.preview, settings)
    return slot


def show_next_step(slot: DeltaGenerator, finding: Finding) -> None:
    """Draw the next step in its slot."""
    slot.markdown(f"**Next:** {_next_step(finding)}")


def _next_step(finding: Finding) -> str:
    if finding.refusals:
        return _NEXT_STEP_REFUSED
    if finding.verdict is Verdict.PNEUMONIA and Caution.EXPLANATION_UNRELIABLE in finding.cautions:
        return _NEXT_STEP_UNRELIABLE
    return _NEXT_STEPS[finding.verdict]


def _probability_bar(finding: Finding) -> str:
    threshold = finding.operating_point.threshold
    probability_text, threshold_text = distinct_percents(finding.probability, threshold)
    return _PROBABILITY_BAR.format(
        label=escape(f"Probability {probability_text}, threshold {threshold_text}"),
        filled=100 * finding.probability,
        mark=100 * threshold,
        threshold=escape(threshold_text),
        shift=-100 * threshold,
    )


def _show_downloads(file: FileInfo, preview: Radiograph, settings: SessionSettings) -> None:
    uploads = session_uploads()
    stem = file.name.rsplit(".", 1)[0]
    with st.container(horizontal=True):
        st.download_button(
            "Overlay as PNG",
            data=partial(finding_overlay, uploads, file.upload_id, preview, settings),
            file_name=f"{stem}_heatmap.png",
            mime="image/png",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            "Row as CSV",
            data=partial(finding_csv, uploads, file, settings),
            file_name=f"{stem}_finding.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
        )


def finding_overlay(uploads: SessionUploads, upload_id: str, preview: Radiograph, settings: SessionSettings) -> bytes:
    """Return the PNG of an upload with its heat map, with the cautions that are known now."""
    return overlay_png(preview, uploads.finding(upload_id, settings))


def finding_csv(uploads: SessionUploads, file: FileInfo, settings: SessionSettings) -> str:
    """Return the row of an upload as CSV, with the cautions that are known now."""
    return to_csv([finding_row(file.name, uploads.finding(file.upload_id, settings))])
