"""The start page: upload a chest X-ray and get a finding with its heat map."""

from functools import partial

import streamlit as st

from model.codes import Population
from model.limits import MAX_BYTES
from model.translation import N_
from model.translation import gettext as _
from ui.errors import show_errors
from ui.explorer.image_detail import open_image
from ui.frame import page_frame
from ui.reading.actions import choose_file, read_chosen_file
from ui.reading.age_control import age_control
from ui.reading.compare_methods import COMPARE_TITLE, show_method_comparison
from ui.reading.dicom_panel import scale_bar, selected_window, show_file_details, window_control
from ui.reading.finding_panel import VIEWER_KEY, alt_text, show_finding
from ui.reading.heatmap_check import show_heat_map_check
from ui.reading.refusal_panel import show_refusal
from ui.reading.session_table import show_session_rows, show_session_table
from ui.reading.turns import show_ahead
from ui.resources import current_gate
from ui.session import (
    FileInfo,
    RefusedUpload,
    clear_upload,
    current_file,
    current_upload,
    session_uploads,
    uploader_key,
)
from ui.settings import SETTINGS_TITLE, population_control, selected_settings, settings_controls
from ui.similar_cases import SIMILAR_CASES_TITLE, show_similar_cases
from ui.viewer.component import show_radiograph
from ui.viewer.finding_maps import viewer_maps

page_frame(N_("Read X-rays"))

with show_errors():
    gate = current_gate()
    release = gate.classifier.release
    label = (
        _("Frontal chest X-ray of a child or an adult: DICOM, PNG or JPEG, up to {megabytes} MB")
        if Population.ADULTS in release.populations
        else _("Frontal chest X-ray of a child: DICOM, PNG or JPEG, up to {megabytes} MB")
    )
    file = st.file_uploader(
        label.format(megabytes=MAX_BYTES // 2**20),
        help=_("The image is kept in memory, never on disk, and deleted a few minutes after you close the tab."),
        key=uploader_key(),
        on_change=clear_upload,
    )
    known = current_file()
    window = selected_window(known)
    if file and (known is None or (known.upload_id, known.window) != (file.file_id, window)):
        choose_file(FileInfo(file.file_id, file.name, window), file.getvalue())
    progress = st.empty()  # in every run: if elements below changed their position, the browser would close them
    if session_uploads().chosen:  # just now, or before a visit to another page
        with progress.container():
            slot = st.empty()
            with st.spinner(_("Reading the X-ray")):
                read_chosen_file(gate, partial(show_ahead, slot))
        progress.empty()
    upload = current_upload()
    population_control(release)
    with st.expander(_(SETTINGS_TITLE), icon=":material/tune:"):
        settings_controls(release)
    settings = selected_settings(release)

if upload is None:
    st.info(
        _("Upload a frontal chest X-ray to see the probability of pneumonia, a verdict and a heat map."),
        icon=":material/upload_file:",
    )
    show_session_table(settings)
    st.stop()

with show_errors():
    image = upload.image
    if isinstance(upload, RefusedUpload):
        show_refusal(upload, gate, file_at_hand=file is not None)
        show_session_table(settings)
    elif image:  # always true: an upload that was read keeps its image while it is on screen
        finding = upload.presented(settings)
        # The text column is first, so that a phone shows it above the image.
        text_column, image_column = st.columns([2, 3], gap="medium")
        with text_column:
            show_finding(upload, image, settings)
            check_slot = st.empty()
            age_control(upload)
            show_file_details(image.preview.metadata)
        with image_column:
            window_control(upload, image.preview.metadata, file_at_hand=file is not None)
            show_radiograph(
                image.preview.pixels,
                viewer_maps(finding),
                finding.heat_map_box,
                alt=alt_text(finding),
                key=VIEWER_KEY,
                scale=scale_bar(image.preview.metadata),
            )
        # Computed only when opened: these take longer than everything above.
        comparison = st.expander(_(COMPARE_TITLE), icon=":material/compare:", key="compared", on_change="rerun")
        if comparison.open:
            with comparison, show_errors(optional=True):
                show_method_comparison(upload, image, gate.classifier)
        similar = st.expander(
            _(SIMILAR_CASES_TITLE), icon=":material/photo_library:", key="similar_cases", on_change="rerun"
        )
        if similar.open:
            with similar, show_errors(optional=True):
                group = upload.file.patient_group
                if show_similar_cases(upload.finding, image.preview, release, open_image, group):
                    st.switch_page("pages/Dataset_explorer.py")
        table_slot = show_session_table(settings)
        checked = None
        with check_slot, show_errors(optional=True):  # last: it takes longer than everything above
            checked = show_heat_map_check(upload, image, gate.classifier, settings)
        if checked:
            show_session_rows(table_slot, settings)
