"""The finding in words, number and icon, what to do next, and its downloads."""

from html import escape

import pandas as pd
import streamlit as st

from model.heatmap import overlay_png
from model.performance import adults_sentence
from model.radiograph import Radiograph
from model.reader import LUNGS_NOT_FOUND, OUTSIDE_POPULATION, Finding
from model.release import Release
from model.rows import Row, finding_row, to_csv
from model.verdict import Verdict
from ui.loaders import current_tables

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
_NEXT = {
    Verdict.PNEUMONIA: "Look again at the coloured areas. Treat by the child's signs and your guideline, not by this "
    "page alone.",
    Verdict.NORMAL: "If the child's signs speak for pneumonia, trust the child and not this page: early pneumonia may "
    "not show on a film.",
    Verdict.INDETERMINATE: "Have a radiologist look at the film. Until then, treat by the child's signs and your "
    "guideline.",
}
_CAUTION = {
    LUNGS_NOT_FOUND: "**No lungs were found in this picture:** do not rely on this finding, which is of the whole "
    "picture. Is it a frontal chest radiograph, upright and not inverted?",
}
_CAUTION_IN_SHORT = {LUNGS_NOT_FOUND: "no lungs found", OUTSIDE_POPULATION: "not of the age it is made for"}
NO_EVIDENCE = "The network found no positive evidence for pneumonia anywhere: there is nothing to colour."

_BAR = """
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


def percent(probability: float) -> str:
    """A probability (0-1) for people: whole percent, and never 0 or 100, which no reader can know."""
    if probability < 0.01:
        return "< 1 %"
    if probability > 0.99:
        return "> 99 %"
    return f"{100 * probability:.0f} %"


def percents(probability: float, threshold: float) -> tuple[str, str]:
    """Probability and threshold with the decimals it takes to tell them apart; near 0 and 100 `percent` has the say."""
    shown = percent(probability)
    if shown != percent(threshold) or shown[0] in "<>":
        return shown, percent(threshold)
    pairs = ((f"{100 * probability:.{n}f} %", f"{100 * threshold:.{n}f} %") for n in range(1, 17))
    return next((pair for pair in pairs if pair[0] != pair[1]), (shown, percent(threshold)))


def describe(finding: Finding) -> str:
    """The finding in one sentence, the text alternative of the picture."""
    words, _ = _VERDICT[finding.verdict]
    evidence = "coloured where the network saw evidence for it" if finding.heat_map.any() else "nothing coloured"
    cautions = "".join(f" Caution: {_CAUTION_IN_SHORT[caution]}." for caution in finding.cautions)
    return f"Chest radiograph. {words}, probability of pneumonia {percent(finding.probability)}; {evidence}.{cautions}"


def show_finding(finding: Finding, name: str, preview: Radiograph, release: Release) -> None:
    """Draw the panel beside the viewer.

    finding: of this release, as the session has chosen it; name: of the file; preview: what the overlay is drawn on.
    """
    words, icon = _VERDICT[finding.verdict]
    point = finding.operating_point
    st.subheader(f"{icon} {words}", anchor=False)
    for caution in finding.cautions:
        st.warning(_caution(caution, finding, release), icon=":material/help:")
    st.write(_MEANING[finding.verdict])
    shown, _ = percents(finding.probability, point.threshold)
    st.metric(f"Probability of pneumonia, at a prevalence of {percent(finding.prevalence)}", shown)
    st.html(_bar(finding))
    st.markdown(f"**Next:** {_NEXT[finding.verdict]}")
    if not finding.heat_map.any():
        st.info(NO_EVIDENCE, icon=":material/visibility_off:")
    st.caption(
        f"Operating point: {point.name}, threshold {100 * point.threshold:.1f} %. Prevalence: of 100 children that are "
        f"filmed, {100 * finding.prevalence:.0f} have pneumonia. Model {finding.model_version}."
    )
    _downloads(finding, name, preview)


def _caution(code: str, finding: Finding, release: Release) -> str:
    if code != OUTSIDE_POPULATION:
        return _CAUTION[code]
    youngest, oldest = release.description["population_years"]
    elsewhere = adults_sentence(current_tables(release).metrics.get("adults"), finding.operating_point.name)
    return f"**This reader is made for children of {youngest} to {oldest} years.** {elsewhere}"


def show_session(rows: list[Row]) -> None:
    """Draw the table of what this session has read, newest first; nothing where that is nothing."""
    if not rows:
        return
    with st.expander(f"Read in this session ({len(rows)})", icon=":material/history:"):
        shown = pd.DataFrame(rows)[["path", "status", "verdict", "probability", "prevalence", "cautions", "reason"]]
        shown["cautions"] = [", ".join(_CAUTION_IN_SHORT[one] for one in row["cautions"]) for row in rows]
        st.dataframe(
            shown,
            hide_index=True,
            column_config={
                "path": "File",
                "status": "Status",
                "verdict": "Verdict",
                "probability": st.column_config.NumberColumn("Probability", format="%.3f"),
                "prevalence": st.column_config.NumberColumn("at prevalence", format="%.2f"),
                "cautions": "Caution",
                "reason": "Reason",
            },
        )
        st.download_button(
            "All rows as CSV",
            data=lambda: to_csv(rows),
            file_name="findings.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
        st.caption("Kept in the memory of this session alone, gone minutes after the tab is closed.")


def _bar(finding: Finding) -> str:
    threshold = finding.operating_point.threshold
    shown, shown_threshold = percents(finding.probability, threshold)
    return _BAR.format(
        label=escape(f"Probability {shown}, threshold {shown_threshold}"),
        filled=100 * finding.probability,
        mark=100 * threshold,
        threshold=escape(shown_threshold),
        shift=-100 * threshold,
    )


def _downloads(finding: Finding, name: str, preview: Radiograph) -> None:
    stem = name.rsplit(".", 1)[0]
    with st.container(horizontal=True):
        st.download_button(
            "Overlay as PNG",
            data=lambda: overlay_png(preview, finding),
            file_name=f"{stem}_heatmap.png",
            mime="image/png",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            "Row as CSV",
            data=lambda: to_csv([finding_row(name, finding)]),
            file_name=f"{stem}_finding.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
