"""What the reader is for, what it was trained on, how well it does and where it ends."""

import streamlit as st

from ui.frame import frame
from ui.loaders import current_release
from ui.problems import shown_problems
from ui.release_facts import performance_table, provenance_table

frame("About the reader")

with shown_problems():
    release = current_release()
    about = release.description

    st.markdown(f"**Intended use.** {about['intended_use']}")
    st.markdown(f"**Trained on.** {about['population']}")

    st.subheader("How well it does", anchor=False)
    st.table(performance_table(release))
    st.caption(
        "95 % intervals in brackets, by patient. Validation chose the epoch, the calibration and the threshold, so its "
        "figures flatter; the official test split measured the release and chose nothing."
    )

    st.subheader("Limits", anchor=False)
    st.markdown("\n".join(f"- {limit}" for limit in about["limits"]))

    st.subheader("How it reads", anchor=False)
    st.markdown(
        "The picture is resized to the network's input and read once. The last feature map of the network, weighted as "
        "its last layer weighs it, is the heat map: Grad-CAM of the logit, from the same pass. Its colours follow one "
        "scale, the same for every picture, so little evidence looks like little evidence."
    )

    st.subheader("This release", anchor=False)
    st.table(provenance_table(release))
