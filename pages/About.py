"""The page "About": intended use, training data, performance and limits of the release."""

import streamlit as st

from model.performance.shortcut_audit import input_region_sentence, segmentation_sentence
from ui.charts.tables import performance_table, provenance_table
from ui.errors import show_errors
from ui.frame import page_frame
from ui.resources import current_release

page_frame("About the reader")

with show_errors():
    release = current_release()
    description = release.description

    st.markdown(f"**Intended use.** {description['intended_use']}")
    st.markdown(f"**Trained on.** {description['population']}")

    st.subheader("How well it does", anchor=False)
    st.table(performance_table(release))
    st.caption(
        "95 % intervals in brackets, by patient. Validation chose the epoch, the calibration and the threshold, so its "
        "figures flatter; the official test split measured the release and chose nothing."
    )
    st.markdown(
        "Curves, every operating point, what an alarm is worth at your prevalence, and whether it reads lungs or "
        "something else of the film: on the page **Model performance**."
    )

    st.subheader("Limits", anchor=False)
    st.markdown("\n".join(f"- {limit}" for limit in description["limits"]))

    st.subheader("How it reads", anchor=False)
    st.markdown(
        f"The picture is brought to one size, whatever its own. {input_region_sentence(description['input_region'])} "
        f"{segmentation_sentence(description['lungs']['segmentation_metrics'])} "
        "The last feature map of the reader, weighted as its last layer weighs it, is the heat map: Grad-CAM of the "
        "logit, from the same pass, laid back on the part of the picture that the reader saw. Its colours follow one "
        "scale, the same for every picture, so little evidence looks like little evidence."
    )

    st.subheader("This release", anchor=False)
    if not release.is_shipped:
        st.warning(
            "This is not the model shipped with this program. Its files are intact, but another model was put in its "
            "place. Ask who installed it where it comes from.",
            icon=":material/help:",
        )
    st.table(provenance_table(release))
