"""The landing page: drop a radiograph in, get a finding with its heat map."""

import streamlit as st

from model.explanation.heatmap import colour_table
from ui.errors import shown_problems
from ui.explorer.image_detail import open_picture
from ui.frame import frame
from ui.reading.dicom_panel import choose_window, chosen_window, scale_of, show_file_details
from ui.reading.finding_panel import describe, say_next, show_finding
from ui.reading.heatmap_check import COMPARE, compare_explanations, show_check
from ui.reading.refusal_panel import show_refusal
from ui.reading.session_table import fill_table, show_session
from ui.resources import current_gate
from ui.session import ask_age, current_reading, forget_reading, read_upload, session_rows
from ui.settings import choose_settings
from ui.similar_cases import TITLE, similar_cases
from ui.viewer.component import radiograph_viewer

frame("Read a radiograph")

upload = st.file_uploader(
    "Frontal chest radiograph of a child: DICOM, PNG or JPEG, up to 50 MB",
    help="The picture stays in this computer's memory and is gone minutes after the tab is closed.",
    on_change=forget_reading,
)
with shown_problems():
    gate = current_gate()
    release = gate.reader.release
    reading = current_reading()
    window = chosen_window(reading)
    if upload and (reading is None or (reading.upload, reading.window) != (upload.file_id, window)):
        with st.spinner("Reading"):
            read_upload(gate, upload.file_id, upload.name, upload.getvalue(), window)
        reading = current_reading()
    with st.expander("Operating point and prevalence", icon=":material/tune:"):
        choose_settings(release)

if reading is None:
    st.info(
        "Drop a frontal chest radiograph above. You get the probability of pneumonia, a verdict at a named operating "
        "point, and a map of what the network looked at.",
        icon=":material/upload_file:",
    )
    show_session(session_rows(release))
    st.stop()

with shown_problems():
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
            ask_age(reading)
            show_file_details(reading)
        with picture:
            choose_window(reading, changeable=upload is not None)
            radiograph_viewer(
                reading.preview.pixels,
                finding.heat_map if finding.heat_map.any() else None,
                finding.heat_map_box,
                colour_table(),
                alt=describe(finding),
                key="radiograph",
                scale=scale_of(reading),
            )
        # Drawn only once they are open: they hold more than all that stands above, and would keep it waiting.
        compared = st.expander(COMPARE, icon=":material/compare:", key="compared", on_change="rerun")
        if compared.open:
            with compared, shown_problems(aside=True):
                compare_explanations(reading, gate.reader)
        similar = st.expander(TITLE, icon=":material/photo_library:", key="similar_cases", on_change="rerun")
        if similar.open:
            with similar, shown_problems(aside=True):
                if similar_cases(reading.finding, reading.preview, release, open_picture, reading.group):
                    st.switch_page("pages/Dataset_explorer.py")
    rows = session_rows(release)
    table = show_session(rows)
    if reading.finding:
        found = False
        with checked, shown_problems(aside=True):  # last: it takes longer than all that stands above
            found = show_check(reading, gate.reader)
        if found:
            say_next(following, current())
            fill_table(table, rows())
