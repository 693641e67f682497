"""The landing page: drop a radiograph in, get a finding with its heat map."""

import streamlit as st

from model.explanation.heatmap import colour_map
from ui.errors import show_errors
from ui.explorer.image_detail import open_image
from ui.frame import page_frame
from ui.reading.compare_methods import COMPARE_TITLE, compare_methods
from ui.reading.dicom_panel import scale_bar, selected_window, show_file_details, window_control
from ui.reading.finding_panel import alt_text, show_finding, show_next_step
from ui.reading.heatmap_check import show_heat_map_check
from ui.reading.refusal_panel import show_refusal
from ui.reading.session_table import show_session_table, update_session_table
from ui.resources import current_gate
from ui.session import age_control, clear_upload, current_upload, read_upload, session_rows
from ui.settings import settings_controls
from ui.similar_cases import SIMILAR_CASES_TITLE, show_similar_cases
from ui.viewer.component import radiograph_viewer

page_frame("Read a radiograph")

upload = st.file_uploader(
    "Frontal chest radiograph of a child: DICOM, PNG or JPEG, up to 50 MB",
    help="The picture stays in this computer's memory and is gone minutes after the tab is closed.",
    on_change=clear_upload,
)
with show_errors():
    gate = current_gate()
    release = gate.classifier.release
    reading = current_upload()
    window = selected_window(reading)
    if upload and (reading is None or (reading.upload, reading.window) != (upload.file_id, window)):
        with st.spinner("Reading"):
            read_upload(gate, upload.file_id, upload.name, upload.getvalue(), window)
        reading = current_upload()
    with st.expander("Operating point and prevalence", icon=":material/tune:"):
        settings_controls(release)

if reading is None:
    st.info(
        "Drop a frontal chest radiograph above. You get the probability of pneumonia, a verdict at a named operating "
        "point, and a map of what the network looked at.",
        icon=":material/upload_file:",
    )
    show_session_table(session_rows(release))
    st.stop()

with show_errors():
    if reading.refusal:
        show_refusal(reading, gate, changeable=upload is not None)
    else:
        current = reading.shown(release)
        finding = current()
        # The words stand first, so that a phone shows them above the picture.
        words, picture = st.columns([2, 3], gap="medium")
        with words:
            following = show_finding(current, reading, release)
            checked = st.empty()
            age_control(reading)
            show_file_details(reading)
        with picture:
            window_control(reading, changeable=upload is not None)
            radiograph_viewer(
                reading.preview.pixels,
                finding.heat_map if finding.heat_map.any() else None,
                finding.heat_map_box,
                colour_map(),
                alt=alt_text(finding),
                key="radiograph",
                scale=scale_bar(reading),
            )
        # Drawn only once they are open: they hold more than all that stands above, and would keep it waiting.
        compared = st.expander(COMPARE_TITLE, icon=":material/compare:", key="compared", on_change="rerun")
        if compared.open:
            with compared, show_errors(aside=True):
                compare_methods(reading, gate.classifier)
        similar = st.expander(
            SIMILAR_CASES_TITLE, icon=":material/photo_library:", key="similar_cases", on_change="rerun"
        )
        if similar.open:
            with similar, show_errors(aside=True):
                if show_similar_cases(reading.finding, reading.preview, release, open_image, reading.group):
                    st.switch_page("pages/Dataset_explorer.py")
    rows = session_rows(release)
    table = show_session_table(rows)
    if reading.finding:
        found = False
        with checked, show_errors(aside=True):  # last: it takes longer than all that stands above
            found = show_heat_map_check(reading, gate.classifier)
        if found:
            show_next_step(following, current())
            update_session_table(table, rows())
