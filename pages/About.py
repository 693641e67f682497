"""The page "About": intended use, training data, performance and limits of the release."""

import streamlit as st

from model.codes import Population
from model.performance.population import population_name
from model.performance.shortcut_audit import input_region_sentence, segmentation_sentence
from model.translation import N_
from model.translation import gettext as _
from ui.charts.tables import performance_table, population_facts, provenance_table
from ui.errors import show_errors
from ui.frame import page_frame
from ui.resources import current_release

page_frame(N_("About"))

with show_errors():
    release = current_release()
    description = release.description
    populations = {Population(name): entry for name, entry in description["populations"].items()}
    training_data = " ".join(_(entry["description"]) for entry in populations.values())

    st.markdown(_("**Intended use.** {text}").format(text=_(description["intended_use"])))
    st.markdown(_("**Training data.** {text}").format(text=training_data))
    st.markdown(_("**Licence.** {text}").format(text=_(description["licence"])))

    st.subheader(_("Performance"), anchor=False)
    for population in populations:
        st.markdown(f"**{population_name(population)}**")
        st.table(performance_table(release, population))
    st.caption(
        _(
            "95% confidence intervals, clustered by patient, are in brackets. The training epoch, calibration and "
            "decision thresholds were selected on the validation images, so their metrics are optimistic. The test "
            "images were used only to evaluate the release."
        )
    )
    st.markdown(
        _(
            "The page **Model performance** shows curves, all decision thresholds, predictive values at your "
            "prevalence, and whether the model uses the lungs or other cues in the image."
        )
    )

    st.subheader(_("Limits"), anchor=False)
    st.markdown("\n".join(f"- {_(limit)}" for limit in description["limits"]))

    st.subheader(_("How the model works"), anchor=False)
    st.markdown(
        " ".join(
            (
                _("Images are resized to a fixed size."),
                input_region_sentence(description["input_region"]),
                segmentation_sentence(description["lungs"]["segmentation_metrics"]),
                _(
                    "The heat map is the last feature map of the network, weighted as in the final layer (Grad-CAM for "
                    "the logit). It is computed in the same pass as the result and drawn over the region that the "
                    "model sees. All images share one colour scale, so weak evidence looks weak."
                ),
            )
        )
    )

    st.subheader(_("This release"), anchor=False)
    if not release.is_shipped:
        st.warning(
            _(
                "This model did not come with this program. It has replaced the one that did. The files of this model "
                "are intact. Ask the person who installed it where it came from."
            ),
            icon=":material/help:",
        )
    st.table(provenance_table(release), hide_header=True)
    for population, entry in populations.items():
        st.markdown(f"**{population_name(population)}**")
        st.table(population_facts(entry), hide_header=True)
