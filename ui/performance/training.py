"""Section about training and the network."""

import streamlit as st

from model.codes import Population
from model.inference.release_schema import ReleaseDescription
from model.performance.chart_data import early_stopping_sentence
from model.performance.release_data import ReleaseData
from model.performance.shortcut_audit import input_region_sentence
from model.translation import gettext as _
from ui.charts.network_diagram import network_diagram
from ui.charts.training import balance_chart, learning_chart
from ui.performance.headings import section_heading


def show_training(data: ReleaseData, description: ReleaseDescription) -> None:
    """Draw the class balance, the learning curves and the network."""
    section_heading("training")
    st.markdown(early_stopping_sentence(data.history, description["training"]))
    balance_column, loss_column, auc_column = st.columns(3, gap="large")
    with balance_column:
        st.markdown(_("**Class balance**: images of each class in each split."))
        st.altair_chart(balance_chart(data.balance), width="stretch")
    with loss_column:
        st.markdown(_("**Loss** (cross-entropy): penalises probabilities far from the label. Lower is better."))
        st.altair_chart(learning_chart(data.history, "loss"), width="stretch")
    with auc_column:
        st.markdown(_("**AUC** during training. Higher is better."))
        st.altair_chart(learning_chart(data.history, "auc"), width="stretch")
    st.caption(
        _(
            "During training, images are altered at random (augmentation) and features are dropped at random "
            "(dropout). The training curve may therefore be worse than the validation curve."
        )
    )
    _show_network(description)


def _show_network(description: ReleaseDescription) -> None:
    diagram_column, steps_column = st.columns(2, gap="large")
    with diagram_column:
        st.markdown(_("**The network**, from the chest X-ray to the probability"))
        st.html(network_diagram(description))
    with steps_column:
        st.markdown(_("**Steps in the network**"))
        steps = (
            _("**Input region.** {text}").format(text=input_region_sentence(description["input_region"])),
            _(
                "**{architecture} and feature map.** The network is small enough for a laptop. For each position on a "
                "coarse grid, it computes the strength of each feature."
            ).format(architecture=description["network"]["architecture"]),
            _(
                "**Heat map.** The same feature map, with the features weighted as in the logit. It shows where the "
                "evidence for pneumonia comes from."
            ),
            _(
                "**Dropout.** During training, features are dropped at random, so that the model does not rely on any "
                "single one."
            ),
            _(
                "**Logit and calibration.** The logit is the evidence in one number. Calibration turns it into a "
                "probability. {rationale}"
            ).format(rationale=description["populations"][Population.CHILDREN]["calibration"]["rationale"]),
        )
        st.markdown("\n".join(f"- {step}" for step in steps))
