"""One labelled picture in detail: the film in the viewer, what is known of it, its patient's others, similar cases."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd
import streamlit as st

from dataset.file_names import parse_file_name
from model.admission.gate import AdmissionGate, AdmissionResult
from model.codes import Caution
from model.errors import FileRefused, NotAdmitted
from model.explanation.heatmap import colour_map
from model.explanation.reliability import ReliabilityLimits, reliability_warnings, with_reliability_caution
from model.imaging.decode import decode, read_limited
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding, restate
from model.inference.release_loader import Release
from ui.errors import show_errors
from ui.formatting import distinct_percents, percent
from ui.gallery import OUTCOME_MARKS, SPLIT_MARKS, gallery, label_text
from ui.reading.caution_text import caution_sentence
from ui.reading.finding_panel import alt_text
from ui.reading.heatmap_check import CHECKING_TEXT, show_warnings
from ui.resources import current_gate
from ui.session import inference_slots, read_upload
from ui.settings import selected_operating_point
from ui.similar_cases import SIMILAR_CASES_TITLE, show_similar_cases
from ui.viewer.component import radiograph_viewer

_OPENED_KEY, _ORDER_KEY, _CHECKS_KEY = "explored_picture", "explored_among", "explored_checked"


def open_image(file: str | None) -> None:
    """Make a picture of the set the one that the explorer shows; None: show the gallery."""
    st.session_state[_OPENED_KEY] = file


def current_image(rows: pd.DataFrame) -> pd.Series | None:
    """The row of the picture that is open, where one is."""
    file = st.session_state.get(_OPENED_KEY)
    return rows.loc[file] if file in rows.index else None


def set_paging_order(files: Sequence[str]) -> None:
    """Have a picture that is opened lead on to those before and after it: all of the gallery's, in their order."""
    st.session_state[_ORDER_KEY] = tuple(files)


def show_image_detail(row: pd.Series, rows: pd.DataFrame) -> None:
    """Draw the detail of a picture; `rows_of` are those of the whole set."""
    gate = current_gate()
    release = gate.classifier.release
    _navigation(row["file"])
    st.subheader(row["file"], anchor=False)
    with inference_slots:
        film = _image(row)
        admission_result = gate.examine(film) if film else None
    finding = _finding_panel(gate, admission_result) if admission_result else None
    words, picture = st.columns([2, 3], gap="medium")
    with words:
        _facts(row, release)
        if finding:
            _differences(row, finding, release)
            _cautions(row, finding, release)
        checked = st.empty()
        if film:
            _open_on_reading_page_button(row, gate)
    with picture:
        if finding:
            _viewer(
                film,
                with_reliability_caution(_at_operating_point(finding, release), _admission_text(row["file"], release)),
            )
    _other_images_of_patient(row, rows)
    if finding:
        st.subheader(SIMILAR_CASES_TITLE, anchor=False)
        show_similar_cases(finding, film, release, open_image, _group(row))
        if finding.heat_map.any():
            with checked, show_errors(aside=True):  # last: it takes longer than all that stands above
                _heat_map_check(row["file"], gate, admission_result)


def _navigation(file: str) -> None:
    among = st.session_state.get(_ORDER_KEY, ())
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button("Back to the pictures", icon=":material/arrow_back:", on_click=open_image, args=(None,))
        if file not in among:
            return
        place = among.index(file)
        before, after = among[place - 1] if place else None, among[place + 1] if place + 1 < len(among) else None
        for words, other, icon in (("Previous", before, "chevron_left"), ("Next", after, "chevron_right")):
            st.button(words, icon=f":material/{icon}:", on_click=open_image, args=(other,), disabled=other is None)
        st.markdown(f"{place + 1:,} of {len(among):,}")


def _image(row: pd.Series) -> Radiograph | None:
    """The picture decoded; None where it is not here or cannot be read, which is said."""
    if row["path"] is None:
        st.info("This picture is not on this computer. What is known of it stands below.", icon=":material/image:")
        return None
    try:
        return decode(read_limited(row["path"]))
    except FileRefused as refused:
        st.error(str(refused), icon=":material/broken_image:")
        return None


def _finding_panel(gate: AdmissionGate, admission_result: AdmissionResult) -> Finding | None:
    """What the reader says of a film; None where it is not admitted, which is said."""
    try:
        return gate.read(admission_result)
    except NotAdmitted as refused:
        st.error(f"**The check refuses this picture, so it is not explained.** {refused}", icon=":material/block:")
        return None


def _open_on_reading_page_button(row: pd.Series, gate: AdmissionGate) -> None:
    if st.button(
        "Read this one",
        icon=":material/radiology:",
        type="primary",
        help="Open it on the reading page, as if it had been uploaded",
    ):
        read_upload(gate, f"set:{row['file']}", row["file"], read_limited(row["path"]), group=_group(row))
        st.switch_page("app.py", query_params={})  # not None, which is refused: the filters are bound to the address


def _group(row: pd.Series) -> str:
    """Whom not to show among similar cases."""
    return parse_file_name(PurePosixPath(row["file"]).name, row["label"]).group


def _facts(row: pd.Series, release: Release) -> None:
    point = selected_operating_point(release)
    probability, threshold = distinct_percents(row["probability"], point.threshold)
    st.markdown(f"Labelled **{label_text(row)}**")
    st.markdown(f"The reader: {OUTCOME_MARKS[row['outcome']]} ({row['verdict']})")
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


def _at_operating_point(finding: Finding, release: Release) -> Finding:
    """A finding at the chosen operating point, and at the prevalence of all figures of this page."""
    return restate(finding, release, selected_operating_point(release), release.training_prevalence)


def _differences(row: pd.Series, finding: Finding, release: Release) -> None:
    """Say where the file that is here is read in another way than the copy that the release was measured on."""
    here = _at_operating_point(finding, release)
    if percent(here.probability) != percent(row["probability"]) or str(here.verdict) != row["verdict"]:
        st.info(
            f"The file on this computer gives {percent(here.probability)} ({here.verdict}) at the same prevalence. The "
            "figures above were measured on a copy of 224 x 224 pixels.",
            icon=":material/compare_arrows:",
        )


def _cautions(row: pd.Series, finding: Finding, release: Release) -> None:
    for caution in finding.cautions:
        if caution != Caution.NEAR_DUPLICATE or row["split"] != "train":  # of which it says "learned from" already
            st.warning(caution_sentence(caution, finding, release), icon=":material/help:")


def _heat_map_check(file: str, gate: AdmissionGate, admission_result: AdmissionResult) -> None:
    """Say whether the heat map can be believed, which is found out once while a picture is open."""
    release = gate.classifier.release
    if ReliabilityLimits.from_release(release) and _admission_text(file, release) is None:
        st.caption(CHECKING_TEXT)
        st.session_state[_CHECKS_KEY] = (
            file,
            release.version,
            reliability_warnings(gate.classifier, admission_result.inference),
        )
    show_warnings(_admission_text(file, release))


def _admission_text(file: str, release: Release) -> tuple[str, ...] | None:
    """What the checks have found of the heat map of a picture; None where they have not run."""
    *of, found = st.session_state.get(_CHECKS_KEY, (None, None, None))
    return found if of == [file, release.version] else None


def _viewer(film: Radiograph, finding: Finding) -> None:
    radiograph_viewer(
        film.pixels,
        finding.heat_map if finding.heat_map.any() else None,
        finding.heat_map_box,
        colour_map(),
        alt=alt_text(finding),
        key="explored",
    )


def _other_images_of_patient(row: pd.Series, rows: pd.DataFrame) -> None:
    others = rows[(rows["patient"] == row["patient"]) & (rows["file"] != row["file"])]
    st.subheader(f"Other pictures of this patient: {len(others) or 'none'}", anchor=False)
    if len(others):
        gallery(others, "others", open_image)
