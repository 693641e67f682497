"""The page "Model performance": all figures come from the files of the release."""

import pandas as pd
import streamlit as st

from model.performance.admission import admission_sentences, admitted_table, inadmissible_table
from model.performance.chart_data import confusion_cells, early_stopping_sentence, operating_point_marks
from model.performance.explanations import heat_map_sentences, reliability_sentence, warnings_table
from model.performance.formatting import format_estimate
from model.performance.natural_frequencies import (
    natural_frequencies,
    natural_frequency_intervals,
    natural_frequency_sentence,
    natural_frequency_table,
)
from model.performance.shortcut_audit import audit_sentences, input_region_sentence, strata_table
from model.performance.tables import (
    adults_sentence,
    calibration_table,
    conformal_sentence,
    conformal_table,
    external_table,
    rates_sentence,
    sample_sentence,
    sensitivity_by_cause_table,
)
from ui.charts.icon_array import icon_array
from ui.charts.network_diagram import network_diagram
from ui.charts.performance import (
    confusion_chart,
    curve_chart,
    histogram_chart,
    reliability_chart,
    sensitivity_by_cause_chart,
)
from ui.charts.tables import operating_points_by_column, report_by_class
from ui.charts.training import balance_chart, learning_chart
from ui.errors import show_errors
from ui.formatting import percent
from ui.frame import page_frame
from ui.resources import current_predictive_values, current_release, current_release_data
from ui.settings import selected_operating_point, selected_prevalence, settings_controls

page_frame("Model performance")

with show_errors():
    release = current_release()
    description = release.description
    release_data = current_release_data(release)
    metrics = release_data.metrics
    test = metrics["splits"]["test"]

    settings_controls(release)
    point, prevalence = selected_operating_point(release), selected_prevalence(release)
    rates = test["operating_points"][point.name]
    st.caption(
        f"Where nothing else is said, figures are of the official test split ({sample_sentence(test)}) at the "
        f"operating point {point.name}, with 95 % intervals in brackets, by patient. All of these children are of "
        "one hospital."
    )

    st.subheader("Of 1,000 children", anchor=False)
    frequencies = natural_frequencies(rates, prevalence)
    icon_column, text_column = st.columns([3, 2], gap="large")
    with icon_column:
        st.html(icon_array(frequencies))
    with text_column:
        st.markdown(natural_frequency_sentence(frequencies))
        predictive = current_predictive_values(release, point.threshold, prevalence)
        intervals = natural_frequency_intervals(rates, prevalence)
        st.table(pd.DataFrame(natural_frequency_table(frequencies, intervals, predictive)))
        st.caption(
            f"Counts, with 95 % intervals in brackets, are rounded and follow from {rates_sentence(test, point.name)}. "
            "PPV: how often a verdict of pneumonia is right; NPV: how often a verdict of normal is. Both change with "
            "the prevalence. A child whose verdict is indeterminate is counted on its side of the threshold."
        )

    st.subheader("Operating points", anchor=False)
    st.markdown(
        "An operating point is a threshold on the probability: a lower one misses fewer children and raises more "
        f"false alarms. Whatever the threshold, the AUC is **{format_estimate(test['auc'])}**: how often a film with "
        "pneumonia gets a higher probability than one without."
    )
    st.table(operating_points_by_column(test, point.name))
    st.caption(
        f"PPV and accuracy are at the test split's own prevalence, {percent(test['calibration']['prevalence'])}."
    )
    matrix_column, report_column = st.columns(2, gap="large")
    with matrix_column:
        st.markdown("**Confusion matrix**: what each film is labelled, and what the reader says of it.")
        cells = pd.DataFrame(confusion_cells(rates["confusion"]))
        st.altair_chart(confusion_chart(cells), width="stretch")
    with report_column:
        st.markdown("**Classification report**: the same counts, class by class.")
        st.table(report_by_class(rates["confusion"]))
        st.caption(
            "Precision: share right among the films called so. Recall: share found among the films labelled so; for "
            "pneumonia it is the sensitivity, for normal the specificity. F1: their harmonic mean. Intervals of the "
            "rates stand in the table above."
        )

    st.subheader("All thresholds", anchor=False)
    st.markdown(
        "Each point of a curve is a threshold: the nearer to the upper left (ROC) or upper right (precision and "
        "recall), the better. The marks are the operating points, the large one is chosen."
    )
    marks = pd.DataFrame(operating_point_marks(test, point.name))
    for tab, corner in zip(st.tabs(["Whole", "Corner, enlarged"]), (False, True), strict=True):
        roc_column, precision_recall_column = tab.columns(2, gap="large")
        with roc_column:
            st.markdown(f"**ROC**, area under the curve (AUC) {format_estimate(test['auc'])}, n = {test['n']}")
            chart = curve_chart(release_data.roc, marks, "False alarm rate", "Sensitivity", corner=corner)
            st.altair_chart(chart, width="stretch")
        with precision_recall_column:
            st.markdown(f"**Precision (PPV) and recall (sensitivity)**, n = {test['n']}")
            chart = curve_chart(release_data.precision_recall, marks, "Sensitivity", "PPV", corner=corner)
            st.altair_chart(chart, width="stretch")

    st.subheader("Probabilities", anchor=False)
    st.markdown(
        "A useful probability is near 0 % or near 100 %, and can be taken at its word: of films with a stated 80 %, "
        "80 of 100 should have pneumonia. Here they are as stated at the training prevalence, "
        f"{percent(release.training_prevalence)}."
    )
    histogram_column, reliability_column = st.columns(2, gap="large")
    with histogram_column:
        st.markdown(f"**How sure it is**: films by probability and label, n = {test['n']}. Heights are square roots.")
        st.altair_chart(histogram_chart(release_data.histogram, point.threshold), width="stretch")
    with reliability_column:
        st.markdown(
            f"**Whether it is right to be**: {len(release_data.reliability)} groups of about "
            f"{release_data.reliability['n'].min()} films with 95 % intervals; on the dashed line it would be."
        )
        st.altair_chart(reliability_chart(release_data.reliability), width="stretch")
    with st.expander("Calibration in figures"):
        st.dataframe(calibration_table(metrics), hide_index=True)
        st.caption(
            "ECE: mean distance between stated probability and share with pneumonia; Brier score: mean squared error; "
            "both are best at 0. A slope below 1 says that it is too sure, an intercept below 0 that it states too "
            "much. The interval of ECE leans upward: drawing patients anew adds scatter of its own."
        )

    st.subheader("Indeterminate", anchor=False)
    st.markdown(
        f"{conformal_sentence(description['conformal'])} The table says how often the true class was plausible, and "
        "how often the verdict was indeterminate."
    )
    st.dataframe(conformal_table(metrics, point.name), hide_index=True)

    st.subheader("By cause", anchor=False)
    st.markdown(
        "How many of the films with pneumonia are found, by the cause that the data set names, with 95 % intervals."
    )
    st.altair_chart(
        sensitivity_by_cause_chart(pd.DataFrame(sensitivity_by_cause_table(test, point.name))), width="stretch"
    )

    st.subheader("Whether it reads lungs", anchor=False)
    st.markdown(
        "In this data set the class also shows in how a film was framed, scaled and stored, and a network may learn "
        "that instead of lungs. How much of it is there, and how much of it the reader can use:"
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in audit_sentences(description["shortcut_audit"])))
    if rows := strata_table(description["shortcut_audit"]):
        st.markdown("The reader among pictures whose originals are of alike width:")
        st.dataframe(rows, hide_index=True)

    st.subheader("What it refuses to read", anchor=False)
    st.markdown("\n".join(f"- {sentence}" for sentence in admission_sentences(metrics["admission"])))
    st.dataframe(admitted_table(metrics["admission"]), hide_index=True)
    st.markdown("Of pictures that must not be read, with 95 % intervals:")
    st.dataframe(inadmissible_table(metrics["admission"]), hide_index=True)

    st.subheader("How far a heat map can be believed", anchor=False)
    st.markdown(reliability_sentence(description.get("heat_map_reliability")))
    if rows := warnings_table(metrics.get("explanations")):
        st.dataframe(rows, hide_index=True)
    st.markdown("\n".join(f"- {sentence}" for sentence in heat_map_sentences(metrics.get("explanations"))))

    st.subheader("Outside its population", anchor=False)
    adults = metrics.get("adults")
    st.markdown(adults_sentence(adults, point.name))
    if adults:
        st.dataframe(external_table(adults, point.name), hide_index=True)

    st.subheader("How it was trained", anchor=False)
    st.markdown(early_stopping_sentence(release_data.history, description["training"]))
    balance_column, loss_column, auc_column = st.columns(3, gap="large")
    with balance_column:
        st.markdown("**Class balance**: films of each class in each part of the data set.")
        st.altair_chart(balance_chart(release_data.balance), width="stretch")
    with loss_column:
        st.markdown("**Loss**: how far the probabilities are from the labels; lower is better.")
        st.altair_chart(learning_chart(release_data.history, "Loss"), width="stretch")
    with auc_column:
        st.markdown("**AUC** during training; higher is better.")
        st.altair_chart(learning_chart(release_data.history, "AUC"), width="stretch")
    st.caption(
        "Training pictures are varied at each pass and part of the network is left out, so the training curve may well "
        "be the worse one."
    )

    diagram_column, steps_column = st.columns(2, gap="large")
    with diagram_column:
        st.markdown("**The network**, from the radiograph to the probability")
        st.html(network_diagram(description))
    with steps_column:
        st.markdown("**What its steps are for**")
        st.markdown(
            f"- **What the reader sees.** {input_region_sentence(description['input_region'])} Where no lungs are "
            "found, the finding carries a caution.\n"
            f"- **{description['network']['architecture']} and feature map.** A network that fits a laptop; it tells "
            "for each place of a coarse grid how much of each feature is there.\n"
            "- **Heat map.** The same feature map, each feature weighted as the logit weighs it: where the evidence "
            "for pneumonia lies.\n"
            "- **Dropout.** In training, features are left out at random, so that the reader relies on none alone.\n"
            "- **Logit and calibration.** The logit is the evidence in one number; calibration makes it a probability. "
            f"{description['calibration']['rationale']}"
        )
