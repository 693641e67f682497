"""The page "Model performance": all metrics come from the files of the release."""

import pandas as pd
import streamlit as st

from model.codes import SplitName
from model.performance.admission import admission_sentences, admitted_table, inadmissible_table
from model.performance.adults import adults_sentence, external_table
from model.performance.calibration import (
    calibration_sentence,
    calibration_table,
    conformal_sentence,
    conformal_table,
    miscalibration_direction,
)
from model.performance.chart_data import confusion_cells, early_stopping_sentence, operating_point_marks
from model.performance.explanations import heat_map_sentences, reliability_sentence, warnings_table
from model.performance.formatting import format_estimate, format_percent
from model.performance.natural_frequencies import (
    natural_frequencies,
    natural_frequency_intervals,
    natural_frequency_sentence,
    natural_frequency_table,
)
from model.performance.operating_points import rates_sentence, sample_sentence, sensitivity_by_cause
from model.performance.shortcut_audit import audit_sentences, input_region_sentence, strata_table
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _
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
from ui.frame import page_frame
from ui.resources import current_predictive_values, current_release, current_release_data
from ui.settings import selected_operating_point, selected_prevalence, settings_controls

page_frame(N_("Model performance"))

_SECTIONS = {  # titles, by anchor
    "children": N_("Of 1,000 children"),
    "thresholds": N_("Decision thresholds"),
    "curves": N_("ROC and precision-recall curves"),
    "probabilities": N_("Probabilities"),
    "indeterminate": N_("Indeterminate results"),
    "causes": N_("Sensitivity by cause"),
    "lungs": N_("Does the model use the lungs?"),
    "refused": N_("Refused images"),
    "heat-maps": N_("How reliable are the heat maps?"),
    "population": N_("Outside the intended population"),
    "training": N_("Training"),
}


def _section(anchor: str) -> None:
    st.subheader(_(_SECTIONS[anchor]), anchor=anchor)


with show_errors():
    release = current_release()
    description = release.description
    release_data = current_release_data(release)
    metrics = release_data.metrics
    test = metrics["splits"][SplitName.TEST]
    auc, n_test = format_estimate(test["auc"]), f"{test['n']:,}"

    settings_controls(release)
    point, prevalence = selected_operating_point(release), selected_prevalence(release)
    rates = test["operating_points"][point.name]
    scope = _(
        "Unless stated otherwise, metrics are for this split at the selected decision threshold ({point}). 95% "
        "confidence intervals, clustered by patient, are in brackets. All children were treated at one hospital."
    ).format(point=term(point.name))
    st.caption(f"{sample_sentence(test)} {scope}")
    st.markdown(" | ".join(f"[{_(title)}](#{anchor})" for anchor, title in _SECTIONS.items()))

    _section("children")
    frequencies = natural_frequencies(rates, prevalence)
    icon_column, text_column = st.columns([3, 2], gap="large")
    with icon_column:
        st.html(icon_array(frequencies))
    with text_column:
        st.markdown(natural_frequency_sentence(frequencies))
        predictive = current_predictive_values(release, point.threshold, prevalence)
        intervals = natural_frequency_intervals(rates, prevalence)
        st.table(pd.DataFrame(natural_frequency_table(frequencies, intervals, predictive)))
        counting = _(
            "The counts are calculated from these rates and rounded. Indeterminate results are counted as positive at "
            "or above the threshold, otherwise as negative. PPV is the share of positive results that are correct; NPV "
            "is the same for negative results. Both depend on the prevalence."
        )
        st.caption(f"{rates_sentence(test, point.name)} {counting}")

    _section("thresholds")
    st.markdown(
        _(
            "A lower threshold on the probability misses fewer cases but raises more false alarms. The AUC does not "
            "depend on the threshold. It is **{auc}**: the probability that an image with pneumonia ranks above an "
            "image without."
        ).format(auc=auc)
    )
    st.table(operating_points_by_column(test, point.name))
    st.caption(
        _("PPV and accuracy are at the prevalence of the test split ({prevalence}).").format(
            prevalence=format_percent(test["calibration"]["prevalence"])
        )
    )
    matrix_column, report_column = st.columns(2, gap="large")
    with matrix_column:
        st.markdown(_("**Confusion matrix**: results of the model by label."))
        cells = pd.DataFrame(confusion_cells(rates["confusion"]))
        st.altair_chart(confusion_chart(cells), width="stretch")
    with report_column:
        st.markdown(_("**Classification report**: the same counts by class."))
        st.table(report_by_class(rates["confusion"]))
        st.caption(
            _(
                "Precision: share of the results for a class that are correct. Recall: share of the images of a class "
                "that are detected; sensitivity for pneumonia, specificity for normal. F1: harmonic mean of precision "
                "and recall. See the table above for confidence intervals."
            )
        )

    _section("curves")
    st.markdown(
        _(
            "Each point of a curve is a decision threshold. Curves close to the upper left (ROC) or upper right "
            "(precision-recall) corner are best. Symbols mark the decision thresholds of this release; the "
            "selected one is larger."
        )
    )
    marks = pd.DataFrame(operating_point_marks(test, point.name))
    for tab, corner in zip(st.tabs([_("Full curve"), _("Enlarged corner")]), (False, True), strict=True):
        roc_column, precision_recall_column = tab.columns(2, gap="large")
        with roc_column:
            st.markdown(_("**ROC curve**, AUC {auc}, n = {n}").format(auc=auc, n=n_test))
            chart = curve_chart(release_data.roc, marks, "false_alarm_rate", "sensitivity", corner=corner)
            st.altair_chart(chart, width="stretch")
        with precision_recall_column:
            st.markdown(_("**Precision-recall curve**, n = {n}").format(n=n_test))
            chart = curve_chart(release_data.precision_recall, marks, "sensitivity", "ppv", corner=corner)
            st.altair_chart(chart, width="stretch")

    _section("probabilities")
    st.markdown(
        _(
            "Useful probabilities separate the classes and are well calibrated: of 100 images with a probability of "
            "80%, 80 should show pneumonia. The charts use the training prevalence ({prevalence})."
        ).format(prevalence=format_percent(release.training_prevalence))
    )
    (st.warning if miscalibration_direction(test) else st.markdown)(calibration_sentence(test))
    histogram_column, reliability_column = st.columns(2, gap="large")
    with histogram_column:
        st.markdown(_("**Distribution** of the images by label, n = {n}. Square-root scale.").format(n=n_test))
        st.altair_chart(histogram_chart(release_data.histogram, point.threshold), width="stretch")
    with reliability_column:
        st.markdown(
            _(
                "**Calibration**: {groups} groups of at least {n} images each, with 95% confidence intervals. The "
                "dashed line is perfect calibration."
            ).format(groups=len(release_data.reliability), n=release_data.reliability["n"].min())
        )
        st.altair_chart(reliability_chart(release_data.reliability), width="stretch")
    with st.expander(_("Calibration metrics")):
        st.dataframe(calibration_table(metrics), hide_index=True)
        st.caption(
            _(
                "ECE (expected calibration error): mean absolute difference between predicted probability and "
                "observed share of pneumonia. Brier score: mean squared error. For both, 0 is best. A slope below 1 "
                "means overconfidence; an intercept below 0 means that probabilities around 50% are too high. The "
                "interval of the ECE is biased upwards, because the bootstrap adds variance of its own."
            )
        )

    _section("indeterminate")
    coverage_text = _(
        "The table shows how often the true class was plausible and how often the result was indeterminate."
    )
    st.markdown(f"{conformal_sentence(description['conformal'], test)} {coverage_text}")
    st.dataframe(conformal_table(metrics, point.name), hide_index=True)

    _section("causes")
    st.markdown(_("Sensitivity for each cause of pneumonia that the data set names, with 95% confidence intervals."))
    by_cause = pd.DataFrame(sensitivity_by_cause(test, point.name))
    st.altair_chart(sensitivity_by_cause_chart(by_cause), width="stretch")

    _section("lungs")
    st.markdown(
        _(
            "In this data set, framing, size and compression of an image also reveal its class. A model that relies on "
            "such cues may fail elsewhere. These measurements show how strong the cues are and how far the model can "
            "use them:"
        )
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in audit_sentences(description["shortcut_audit"])))
    if rows := strata_table(description["shortcut_audit"]):
        st.markdown(_("Performance among images of similar original width:"))
        st.dataframe(rows, hide_index=True)

    _section("refused")
    st.markdown("\n".join(f"- {sentence}" for sentence in admission_sentences(metrics["admission"])))
    st.dataframe(admitted_table(metrics["admission"]), hide_index=True)
    st.markdown(_("Unsuitable images, with 95% confidence intervals:"))
    st.dataframe(inadmissible_table(metrics["admission"]), hide_index=True, height="content")

    _section("heat-maps")
    st.markdown(reliability_sentence(description.get("heat_map_reliability")))
    if rows := warnings_table(metrics.get("explanations")):
        st.dataframe(rows, hide_index=True)
    st.markdown("\n".join(f"- {sentence}" for sentence in heat_map_sentences(metrics.get("explanations"))))

    _section("population")
    adults = metrics.get("adults")
    st.markdown(adults_sentence(adults, point.name))
    if adults:
        st.dataframe(external_table(adults, point.name), hide_index=True)

    _section("training")
    st.markdown(early_stopping_sentence(release_data.history, description["training"]))
    balance_column, loss_column, auc_column = st.columns(3, gap="large")
    with balance_column:
        st.markdown(_("**Class balance**: images of each class in each split."))
        st.altair_chart(balance_chart(release_data.balance), width="stretch")
    with loss_column:
        st.markdown(_("**Loss** (cross-entropy): penalises probabilities far from the label. Lower is better."))
        st.altair_chart(learning_chart(release_data.history, "loss"), width="stretch")
    with auc_column:
        st.markdown(_("**AUC** during training. Higher is better."))
        st.altair_chart(learning_chart(release_data.history, "auc"), width="stretch")
    st.caption(
        _(
            "During training, images are altered at random (augmentation) and features are dropped at random "
            "(dropout). The training curve may therefore be worse than the validation curve."
        )
    )

    diagram_column, steps_column = st.columns(2, gap="large")
    with diagram_column:
        st.markdown(_("**The network**, from the chest X-ray to the probability"))
        st.html(network_diagram(description))
    with steps_column:
        st.markdown(_("**Steps of the network**"))
        steps = (
            _("**Input region.** {text}").format(text=input_region_sentence(description["input_region"])),
            _(
                "**{architecture} and feature map.** The network is small enough for a laptop. For each position of a "
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
            ).format(rationale=description["calibration"]["rationale"]),
        )
        st.markdown("\n".join(f"- {step}" for step in steps))
