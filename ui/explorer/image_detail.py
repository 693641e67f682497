"""One labelled picture in detail: the film in the viewer, what is known of it, its patient's others, similar cases."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd
import streamlit as st

from dataset.file_names import identify
from model.admission.decision import Code
from model.admission.gate import Examination, Gate
from model.errors import FileRefused, NotAdmitted
from model.explanation.heatmap import colour_table
from model.explanation.reliability import CheckLimits, doubted, doubts
from model.imaging.decode import content_of, decode
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Finding, stated
from model.inference.release_loader import Release
from ui.errors import shown_problems
from ui.gallery import MARKS, SPLIT_MARKS, gallery, label_words
from ui.reading.caution_text import caution_sentence
from ui.reading.finding_panel import describe, percent, percents
from ui.reading.heatmap_check import CHECKING, show_doubts
from ui.resources import current_gate
from ui.session import read_upload, turns
from ui.settings import chosen_point
from ui.similar_cases import TITLE, similar_cases
from ui.viewer.component import radiograph_viewer

_OPENED, _AMONG, _CHECKED = "explored_picture", "explored_among", "explored_checked"


def open_picture(file: str | None) -> None:
    """Make a picture of the set the one that the explorer shows; None: show the gallery."""
    st.session_state[_OPENED] = file


def opened_picture(rows: pd.DataFrame) -> pd.Series | None:
    """The row of the picture that is open, where one is."""
    file = st.session_state.get(_OPENED)
    return rows.loc[file] if file in rows.index else None


def turn_over_among(files: Sequence[str]) -> None:
    """Have a picture that is opened lead on to those before and after it: all of the gallery's, in their order."""
    st.session_state[_AMONG] = tuple(files)


def show_picture(row: pd.Series, rows: pd.DataFrame) -> None:
    """Draw the detail of a picture; `rows` are those of the whole set."""
    gate = current_gate()
    release = gate.reader.release
    _ways_on(row["file"])
    st.subheader(row["file"], anchor=False)
    with turns:
        film = _film(row)
        examination = gate.examine(film) if film else None
    finding = _finding(gate, examination) if examination else None
    words, picture = st.columns([2, 3], gap="medium")
    with words:
        _facts(row, release)
        if finding:
            _differences(row, finding, release)
            _cautions(row, finding, release)
        checked = st.empty()
        if film:
            _offer_reading(row, gate)
    with picture:
        if finding:
            _viewer(film, doubted(_as_shown(finding, release), _found(row["file"], release)))
    _others(row, rows)
    if finding:
        st.subheader(TITLE, anchor=False)
        similar_cases(finding, film, release, open_picture, _group(row))
        if finding.heat_map.any():
            with checked, shown_problems(aside=True):  # last: it takes longer than all that stands above
                _check(row["file"], gate, examination)


def _ways_on(file: str) -> None:
    among = st.session_state.get(_AMONG, ())
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button("Back to the pictures", icon=":material/arrow_back:", on_click=open_picture, args=(None,))
        if file not in among:
            return
        place = among.index(file)
        before, after = among[place - 1] if place else None, among[place + 1] if place + 1 < len(among) else None
        for words, other, icon in (("Previous", before, "chevron_left"), ("Next", after, "chevron_right")):
            st.button(words, icon=f":material/{icon}:", on_click=open_picture, args=(other,), disabled=other is None)
        st.markdown(f"{place + 1:,} of {len(among):,}")


def _film(row: pd.Series) -> Radiograph | None:
    """The picture decoded; None where it is not here or cannot be read, which is said."""
    if row["path"] is None:
        st.info("This picture is not on this computer. What is known of it stands below.", icon=":material/image:")
        return None
    try:
        return decode(content_of(row["path"]))
    except FileRefused as refused:
        st.error(str(refused), icon=":material/broken_image:")
        return None


def _finding(gate: Gate, examination: Examination) -> Finding | None:
    """What the reader says of a film; None where it is not admitted, which is said."""
    try:
        return gate.read(examination)
    except NotAdmitted as refused:
        st.error(f"**The check refuses this picture, so it is not explained.** {refused}", icon=":material/block:")
        return None


def _offer_reading(row: pd.Series, gate: Gate) -> None:
    if st.button(
        "Read this one",
        icon=":material/radiology:",
        type="primary",
        help="Open it on the reading page, as if it had been uploaded",
    ):
        read_upload(gate, f"set:{row['file']}", row["file"], content_of(row["path"]), group=_group(row))
        st.switch_page("app.py", query_params={})  # not None, which is refused: the filters are bound to the address


def _group(row: pd.Series) -> str:
    """Whom not to show among similar cases."""
    return identify(PurePosixPath(row["file"]).name, row["label"]).group


def _facts(row: pd.Series, release: Release) -> None:
    point = chosen_point(release)
    probability, threshold = percents(row["probability"], point.threshold)
    st.markdown(f"Labelled **{label_words(row)}**")
    st.markdown(f"The reader: {MARKS[row['outcome']]} ({row['verdict']})")
    st.metric(f"Probability of pneumonia, at a prevalence of {percent(release.training_prevalence)}", probability)
    mark = SPLIT_MARKS[row["split"]]
    facts = {
        "Operating point": f"{point.name}, threshold {threshold}",
        "Patient": f"{row['patient']} (inferred from the file name)",
        "Part of the set": f"{row['split']} {mark}",
        "Original size": "not known" if pd.isna(row["width"]) else f"{row['width']:.0f} x {row['height']:.0f} px",
        "Mean grey, contrast": f"{row['intensity']:.0f}, {row['contrast']:.0f} (of 255)",
    }
    st.table(pd.DataFrame({"": facts}), hide_header=True)


def _as_shown(finding: Finding, release: Release) -> Finding:
    """A finding at the chosen operating point, and at the prevalence of all figures of this page."""
    return stated(finding, release, chosen_point(release), release.training_prevalence)


def _differences(row: pd.Series, finding: Finding, release: Release) -> None:
    """Say where the file that is here is read in another way than the copy that the release was measured on."""
    here = _as_shown(finding, release)
    if percent(here.probability) != percent(row["probability"]) or str(here.verdict) != row["verdict"]:
        st.info(
            f"The file on this computer gives {percent(here.probability)} ({here.verdict}) at the same prevalence. The "
            "figures above were measured on a copy of 224 x 224 pixels.",
            icon=":material/compare_arrows:",
        )


def _cautions(row: pd.Series, finding: Finding, release: Release) -> None:
    for caution in finding.cautions:
        if caution != Code.NEAR_DUPLICATE or row["split"] != "train":  # of which it says "learned from" already
            st.warning(caution_sentence(caution, finding, release), icon=":material/help:")


def _check(file: str, gate: Gate, examination: Examination) -> None:
    """Say whether the heat map can be believed, which is found out once while a picture is open."""
    release = gate.reader.release
    if CheckLimits.of(release) and _found(file, release) is None:
        st.caption(CHECKING)
        st.session_state[_CHECKED] = (file, release.version, doubts(gate.reader, examination.seen))
    show_doubts(_found(file, release))


def _found(file: str, release: Release) -> tuple[str, ...] | None:
    """What the checks have found of the heat map of a picture; None where they have not run."""
    *of, found = st.session_state.get(_CHECKED, (None, None, None))
    return found if of == [file, release.version] else None


def _viewer(film: Radiograph, finding: Finding) -> None:
    radiograph_viewer(
        film.pixels,
        finding.heat_map if finding.heat_map.any() else None,
        finding.heat_map_box,
        colour_table(),
        alt=describe(finding),
        key="explored",
    )


def _others(row: pd.Series, rows: pd.DataFrame) -> None:
    others = rows[(rows["patient"] == row["patient"]) & (rows["file"] != row["file"])]
    st.subheader(f"Other pictures of this patient: {len(others) or 'none'}", anchor=False)
    if len(others):
        gallery(others, "others", open_picture)
