"""The finding as text, number and icon, the next step, and the downloads."""

from functools import partial
from html import escape

import streamlit as st

from model.codes import Caution
from model.explanation.heatmap import overlay_png
from model.imaging.radiograph import Radiograph
from model.inference.decision import Verdict
from model.inference.finding import Finding
from model.inference.finding_rows import finding_row, to_csv
from model.performance.terms import term
from model.sentences import render
from model.translation import N_
from model.translation import gettext as _
from ui.formatting import distinct_percents, percent
from ui.reading.caution_text import caution_sentence, short_text
from ui.reading.correction_text import correction_statement
from ui.reading.settings_text import settings_text
from ui.session import ExaminedImage, FileInfo, ReadUpload, SessionUploads, session_uploads
from ui.settings import SessionSettings
from ui.verdicts import VERDICT_NAMES
from ui.viewer.component import chosen_kind

_ICONS = {
    Verdict.PNEUMONIA: ":material/warning:",
    Verdict.NORMAL: ":material/check_circle:",
    Verdict.INDETERMINATE: ":material/help:",
}
MEANINGS = {
    Verdict.PNEUMONIA: N_("Above the decision threshold ({point})."),
    Verdict.NORMAL: N_("The model checks for pneumonia only. Other disease may be present."),
    Verdict.INDETERMINATE: N_(
        "Result uncertain: too close to call. Pneumonia and no pneumonia may both be plausible. Or only one is "
        "plausible, but the probability lies on the other side of your decision threshold."
    ),
}
NEXT_STEPS = {
    Verdict.PNEUMONIA: N_(
        "**Next:** Review the whole X-ray, not only the coloured areas. Manage according to clinical findings and "
        "local guidelines."
    ),
    Verdict.NORMAL: N_(
        "**Next:** If you suspect pneumonia clinically, do not rely on this result. Early pneumonia may not be visible "
        "on an X-ray."
    ),
    Verdict.INDETERMINATE: N_(
        "**Next:** Ask a radiologist to review the X-ray. Until then, manage according to clinical findings and local "
        "guidelines."
    ),
}
NEXT_STEP_REFUSED = N_(
    "**Next:** Do not act on this result: the model is not designed for images like this. Upload a frontal chest X-ray "
    "that the model accepts."
)
NEXT_STEP_OTHER_AGE = N_("**Next:** Do not act on this result: the model is not designed for patients of this age.")
READ_DESPITE_REFUSAL = N_("**Read at your request, although the check refused this image.** {reason}")
NO_OPACITY_TEXT = N_("The model found no focal opacity, so nothing is outlined on the opacity map.")
NO_EVIDENCE_TEXT = N_("No area raises the probability of pneumonia, so the heat map is empty.")
PROBABILITY_LABEL = N_("Probability of pneumonia at a prevalence of {prevalence}")
DOWNLOAD_HEAT_MAP, DOWNLOAD_RESULT = N_("Download heat map (PNG)"), N_("Download result (CSV)")
VIEWER_KEY = "radiograph"
_SHOWN_ELSEWHERE = (Caution.CORRECTED, Caution.EXPLANATION_UNRELIABLE, Caution.EXPLANATION_UNCHECKED)  # in more detail

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
  <span style="left: {mark:.2f}%">{threshold}</span>
</div>
"""


def alt_text(finding: Finding) -> str:
    """Return the finding as text, for users who cannot see the image.

    The check of the heat map ends after the image is drawn. The result becomes part of this text in the next run of the
    page; until then, only the panel shows it.
    """
    result = _("{verdict}, probability of pneumonia {probability}.")
    return " ".join(
        [
            _("Image.") if finding.refusals else _("Chest X-ray."),
            *(_("Read despite refusal: {reason}.").format(reason=short_text(code)) for code in finding.refusals),
            result.format(verdict=_(VERDICT_NAMES[finding.verdict]), probability=percent(finding.probability)),
            _map_text(finding),
            *(
                _("Caution: {caution}.").format(caution=short_text(caution))
                for caution in finding.cautions
                if caution != Caution.EXPLANATION_UNCHECKED
            ),
        ]
    )


def _map_text(finding: Finding) -> str:
    if finding.opacity_map is not None:
        return _("The opacity map marks an area.") if finding.has_opacity else _("The opacity map marks no area.")
    return _("Evidence of pneumonia is coloured.") if finding.heat_map.any() else _("No area is coloured.")


def show_finding(upload: ReadUpload, image: ExaminedImage, settings: SessionSettings) -> None:
    """Draw the panel next to the viewer."""
    finding = upload.presented(settings)
    point = finding.operating_point
    if finding.refusals:
        reason = render(upload.refusal_messages)
        st.error(_(READ_DESPITE_REFUSAL).format(reason=reason), icon=":material/block:")
    if upload.correction:
        st.info(correction_statement(upload.correction), icon=":material/auto_fix_high:")
    st.subheader(f"{_ICONS[finding.verdict]} {_(VERDICT_NAMES[finding.verdict])}", anchor=False)
    for caution in finding.cautions:
        if caution not in _SHOWN_ELSEWHERE:
            st.warning(caution_sentence(caution, finding, settings.release), icon=":material/help:")
    st.write(_(MEANINGS[finding.verdict]).format(point=term(point.name)))
    probability = distinct_percents(finding.probability, point.threshold)[0]
    st.metric(_(PROBABILITY_LABEL).format(prevalence=percent(finding.prevalence)), probability)
    st.html(_probability_bar(finding))
    st.markdown(_(_next_step(finding)))
    if not finding.has_evidence and Caution.NO_FOCAL_OPACITY not in finding.cautions:
        text = NO_EVIDENCE_TEXT if finding.opacity_map is None else NO_OPACITY_TEXT
        st.info(_(text), icon=":material/visibility_off:")
    st.caption(settings_text(finding, settings.release))
    _show_downloads(upload.file, image.preview, settings)


def _next_step(finding: Finding) -> str:
    if finding.refusals:
        return NEXT_STEP_REFUSED
    if Caution.OUTSIDE_POPULATION in finding.cautions:
        return NEXT_STEP_OTHER_AGE
    return NEXT_STEPS[finding.verdict]


def _probability_bar(finding: Finding) -> str:
    threshold = finding.operating_point.threshold
    probability_text, threshold_text = distinct_percents(finding.probability, threshold)
    return _PROBABILITY_BAR.format(
        label=escape(
            _("Probability {probability}, decision threshold {threshold}").format(
                probability=probability_text, threshold=threshold_text
            )
        ),
        filled=100 * finding.probability,
        mark=100 * threshold,
        threshold=escape(_("threshold {threshold}").format(threshold=threshold_text)),
        shift=-100 * threshold,
    )


def _show_downloads(file: FileInfo, preview: Radiograph, settings: SessionSettings) -> None:
    uploads = session_uploads()
    stem = file.name.rsplit(".", 1)[0]
    with st.container(horizontal=True):
        st.download_button(
            _(DOWNLOAD_HEAT_MAP),
            data=partial(finding_overlay, uploads, file.upload_id, preview, settings, chosen_kind(VIEWER_KEY)),
            file_name=f"{stem}_heatmap.png",
            mime="image/png",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            _(DOWNLOAD_RESULT),
            data=partial(finding_csv, uploads, file, settings),
            file_name=f"{stem}_finding.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
        )


def finding_overlay(
    uploads: SessionUploads, upload_id: str, preview: Radiograph, settings: SessionSettings, kind: str | None = None
) -> bytes:
    """Return an upload with the chosen map and its current cautions as PNG; see `overlay_png`."""
    return overlay_png(preview, uploads.finding(upload_id, settings), kind)


def finding_csv(uploads: SessionUploads, file: FileInfo, settings: SessionSettings) -> str:
    """Return the row of an upload with its current cautions as CSV."""
    return to_csv([finding_row(file.name, uploads.finding(file.upload_id, settings))])
