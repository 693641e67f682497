"""One labelled image in detail: viewer, facts, other images of the patient, similar cases."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import pandas as pd
import streamlit as st

from dataset.explorer.catalogue import Catalogue
from dataset.file_names import parse_file_name
from model.admission.gate import AdmissionGate, AdmissionResult
from model.codes import Caution, Population, SplitName
from model.errors import FileRefused, NotAdmitted
from model.explanation.reliability import ReliabilityLimits, reliability_warnings
from model.imaging.decode import decode, read_limited
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding, HeatMapCheck, present
from model.inference.release_loader import Release
from model.performance.terms import verdict_name
from model.translation import N_
from model.translation import gettext as _
from ui.errors import show_errors
from ui.explorer.image_facts import show_facts, show_unmeasured_facts
from ui.explorer.image_viewer import show_square_copy_note, show_viewer
from ui.formatting import percent
from ui.gallery import is_measured, show_gallery
from ui.reading.actions import read_upload
from ui.reading.caution_text import caution_sentence
from ui.reading.heatmap_check import CHECKING_TEXT, show_warnings
from ui.reading.turns import reading_turns
from ui.resources import current_gate
from ui.session import FileInfo, session_uploads
from ui.settings import selected_point_name
from ui.similar_cases import SIMILAR_CASES_TITLE, show_similar_cases

_OPENED_KEY, _ORDER_KEY, _CHECK_KEY = "explorer_opened", "explorer_order", "explorer_check"
BACK_LABEL, READ_LABEL = N_("Back to the images"), N_("Open on the reading page")
REFUSED_TEXT = N_("**The admission check refuses this image, so it is not read.** {reason}")


def open_image(file: str | None) -> None:
    """Open an image from the data set in the explorer; None shows the gallery."""
    st.session_state[_OPENED_KEY] = file


def current_image(catalogues: Iterable[Catalogue]) -> tuple[pd.Series, Catalogue] | None:
    """Return the row of the opened image and its catalogue; None if the gallery is shown."""
    file = st.session_state.get(_OPENED_KEY)
    found = (catalogue for catalogue in catalogues if file in catalogue.rows.index)
    return next(((catalogue.rows.loc[file], catalogue) for catalogue in found), None)


def set_paging_order(files: Sequence[str]) -> None:
    """Set the images for "Previous" and "Next": all images of the gallery, in its order."""
    st.session_state[_ORDER_KEY] = tuple(files)


def show_image_detail(row: pd.Series, rows: pd.DataFrame) -> None:
    """Draw an image in detail.

    Args:
        row: Row of the image.
        rows: All rows of the catalogue.
    """
    gate = current_gate()
    release = gate.classifier.release
    _paging_controls(row["file"])
    st.subheader(row["file"], anchor=False)
    with reading_turns.take(session_uploads().reading_time):
        radiograph = _decode(row)
        admission_result = gate.examine(radiograph) if radiograph else None
    finding = _read(gate, admission_result) if admission_result else None
    text_column, image_column = st.columns([2, 3], gap="medium")
    with text_column:
        presented = _presented(row, finding, release) if finding else None
        if is_measured(row):
            show_facts(row, release)
        else:
            show_unmeasured_facts(row, presented)
        if presented:
            _show_differences(row, presented)
            _show_cautions(row, presented, release)
        check_slot = st.empty()
        if radiograph and _is_for_population_of(row, release):
            _reading_page_control(row, gate)
    if radiograph and (finding or not is_measured(row)):
        check = _heat_map_check(row["file"], release)
        with image_column:
            show_viewer(row, radiograph, _presented(row, finding, release, check) if finding else None)
            show_square_copy_note(row, radiograph)
    _show_other_images_of_patient(row, rows)
    if admission_result and radiograph and finding and presented:
        if row["population"] == Population.CHILDREN:  # the only population among the similar cases
            st.subheader(_(SIMILAR_CASES_TITLE), anchor=False)
            show_similar_cases(finding, radiograph, release, open_image, _patient_group(row))
        if finding.has_evidence:
            with check_slot, show_errors(optional=True):  # last: it takes longer than everything above
                _show_heat_map_check(row["file"], gate, admission_result, presented)


def _paging_controls(file: str) -> None:
    order = st.session_state.get(_ORDER_KEY, ())
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(_(BACK_LABEL), icon=":material/arrow_back:", on_click=open_image, args=(None,))
        if file not in order:
            return
        position = order.index(file)
        previous_file = order[position - 1] if position else None
        next_file = order[position + 1] if position + 1 < len(order) else None
        for label, target, icon in (
            (_("Previous"), previous_file, ":material/chevron_left:"),
            (_("Next"), next_file, ":material/chevron_right:"),
        ):
            st.button(label, icon=icon, on_click=open_image, args=(target,), disabled=target is None)
        st.markdown(_("{position:,} of {total:,}").format(position=position + 1, total=len(order)))


def _decode(row: pd.Series) -> Radiograph | None:
    """Decode an image. If it is not on this computer or cannot be decoded, show the reason and return None."""
    if row["path"] is None:
        st.info(
            _("This image is not on this computer. The results of this release are shown below."),
            icon=":material/image:",
        )
        return None
    try:
        return decode(read_limited(row["path"]))
    except FileRefused as error:
        st.error(str(error), icon=":material/broken_image:")
        return None


def _read(gate: AdmissionGate, admission_result: AdmissionResult) -> Finding | None:
    """Return the finding of an image. If the image is refused, show the reason and return None."""
    try:
        return gate.read(admission_result)
    except NotAdmitted as error:
        st.error(_(REFUSED_TEXT).format(reason=error), icon=":material/block:")
        return None


def _reading_page_control(row: pd.Series, gate: AdmissionGate) -> None:
    if st.button(
        _(READ_LABEL),
        icon=":material/radiology:",
        type="primary",
        help=_("Reads this image as if you had uploaded it."),
    ):
        group = _patient_group(row)
        file = FileInfo(f"set:{row['file']}", row["file"], patient_group=group, population=Population.CHILDREN)
        read_upload(gate, file, read_limited(row["path"]))
        st.switch_page("app.py", query_params={})  # None would be refused, since the filters are bound to the URL


def _patient_group(row: pd.Series) -> str:
    """Return the patient group whose images are left out of similar cases."""
    if row["population"] == Population.ADULTS:
        return str(row["patient"])
    return parse_file_name(PurePosixPath(row["file"]).name, row["label"]).group


def _presented(row: pd.Series, finding: Finding, release: Release, check: HeatMapCheck | None = None) -> Finding:
    """Present a finding at the selected operating point and, like all figures on this page, the training prevalence."""
    return present(
        finding,
        release,
        population=Population(row["population"]),
        operating_point=selected_point_name(release),
        heat_map_check=check,
    )


def _is_for_population_of(row: pd.Series, release: Release) -> bool:
    """Return whether the release is intended for the patient. If not, the finding has a caution on this page only."""
    return Population(row["population"]) in release.populations


def _show_differences(row: pd.Series, finding: Finding) -> None:
    """Draw a note if the file on this computer gives a different result from the copy that was measured."""
    if not is_measured(row):
        return
    if percent(finding.probability) != percent(row["probability"]) or str(finding.verdict) != row["verdict"]:
        st.info(
            _(
                "The file on this computer gives {probability} ({verdict}) at the same prevalence. The results above "
                "were measured on a 224 x 224-pixel copy of the image."
            ).format(probability=percent(finding.probability), verdict=verdict_name(finding.verdict)),
            icon=":material/compare_arrows:",
        )


def _show_cautions(row: pd.Series, finding: Finding, release: Release) -> None:
    for caution in finding.cautions:
        if caution == Caution.NEAR_DUPLICATE and row["split"] == SplitName.TRAINING:
            continue  # the split is shown above
        st.warning(caution_sentence(caution, finding, release), icon=":material/help:")


def _show_heat_map_check(file: str, gate: AdmissionGate, admission_result: AdmissionResult, finding: Finding) -> None:
    """Show whether the heat map is reliable. The check runs once per opened image."""
    release = gate.classifier.release
    check = _heat_map_check(file, release)
    if ReliabilityLimits.from_release(release) and check.warnings is None:
        st.caption(_(CHECKING_TEXT))
        check = HeatMapCheck(reliability_warnings(gate.classifier, admission_result.inference))
        st.session_state[_CHECK_KEY] = (file, release.version, check)
    show_warnings(check.warnings, finding)


def _heat_map_check(file: str, release: Release) -> HeatMapCheck:
    """Return the result of the heat-map check of an image; an empty one if it has not run yet."""
    checked_file, version, check = st.session_state.get(_CHECK_KEY, (None, None, HeatMapCheck()))
    return check if (checked_file, version) == (file, release.version) else HeatMapCheck()


def _show_other_images_of_patient(row: pd.Series, rows: pd.DataFrame) -> None:
    other_rows = rows[(rows["patient"] == row["patient"]) & (rows["file"] != row["file"])]
    st.subheader(_("Other images of this patient: {n}").format(n=len(other_rows) or _("none")), anchor=False)
    if len(other_rows):
        show_gallery(other_rows, "others", open_image)
