"""The landing page: drop a radiograph in, get a finding with its heat map."""

import streamlit as st

from model.heatmap import colour_table
from ui.finding import describe, show_finding, show_session
from ui.frame import frame
from ui.loaders import current_reader
from ui.problems import shown_problems
from ui.session import ask_age, current_reading, forget_reading, read_upload, session_rows
from ui.settings import choose_settings
from ui.viewer import radiograph_viewer

frame("Read a radiograph")

upload = st.file_uploader(
    "Frontal chest radiograph of a child, PNG or JPEG, up to 50 MB",
    help="The picture stays in this computer's memory and is gone minutes after the tab is closed.",
    on_change=forget_reading,
)
with shown_problems():
    reader = current_reader()
    reading = current_reading()
    if upload and (reading is None or reading.upload != upload.file_id):
        with st.spinner("Reading"):
            read_upload(reader, upload.file_id, upload.name, upload.getvalue())
        reading = current_reading()
    with st.expander("Operating point and prevalence", icon=":material/tune:"):
        choose_settings(reader.release)

if reading is None:
    st.info(
        "Drop a frontal chest radiograph above. You get the probability of pneumonia, a verdict at a named operating "
        "point, and a map of what the network looked at.",
        icon=":material/upload_file:",
    )
    show_session(session_rows(reader.release))
    st.stop()

with shown_problems():
    if reading.refusal:
        st.error(f"**Not read.** {reading.refusal['reason']}", icon=":material/block:")
    else:
        finding = reading.shown(reader.release)
        # The words stand first, so that a phone shows them above the picture.
        words, picture = st.columns([2, 3], gap="medium")
        with words:
            show_finding(finding, reading.name, reading.preview, reader.release)
            ask_age(reading)
        with picture:
            radiograph_viewer(
                reading.preview.pixels,
                finding.heat_map if finding.heat_map.any() else None,
                finding.heat_map_box,
                colour_table(),
                alt=describe(finding),
                key="radiograph",
            )
    show_session(session_rows(reader.release))
