"""Sections about rates at the decision thresholds: 1,000 patients, thresholds, curves, causes and appearances."""

import pandas as pd
import streamlit as st

from model.codes import Population
from model.inference.decision import OperatingPoint
from model.performance.chart_data import confusion_cells, operating_point_marks
from model.performance.formatting import format_estimate, format_percent
from model.performance.natural_frequencies import (
    natural_frequencies,
    natural_frequency_intervals,
    natural_frequency_sentence,
    natural_frequency_table,
)
from model.performance.operating_points import rates_sentence, sensitivity_by_cause
from model.performance.release_data import ReleaseData
from model.performance.schema import Confusion, SplitMetrics
from model.translation import gettext as _
from ui.charts.icon_array import icon_array
from ui.charts.performance import confusion_chart, curve_chart, sensitivity_by_cause_chart
from ui.charts.tables import operating_points_by_column, report_by_class
from ui.performance.headings import section_heading
from ui.resources import current_predictive_values
from ui.settings import SessionSettings


def show_patients(test: SplitMetrics, population: Population, settings: SessionSettings) -> None:
    """Draw the expected results for 1,000 patients at the operating point and the prevalence of the session."""
    section_heading("children")
    point, prevalence = settings.operating_point(population), settings.prevalences[population]
    rates = test["operating_points"][point.name]
    frequencies = natural_frequencies(rates, prevalence)
    icon_column, text_column = st.columns([3, 2], gap="large")
    with icon_column:
        st.html(icon_array(frequencies))
    with text_column:
        st.markdown(natural_frequency_sentence(frequencies))
        predictive = current_predictive_values(settings.release, population, point.threshold, prevalence)
        intervals = natural_frequency_intervals(rates, prevalence)
        st.table(pd.DataFrame(natural_frequency_table(frequencies, intervals, predictive)))
        counting = _(
            "The counts are calculated from these rates and rounded. Indeterminate results are counted as positive at "
            "or above the threshold, otherwise as negative. PPV is the share of positive results that are correct; NPV "
            "is the same for negative results. Both depend on the prevalence."
        )
        st.caption(f"{rates_sentence(test, point.name)} {counting}")


def show_thresholds(test: SplitMetrics, point: OperatingPoint) -> None:
    """Draw the rates at all operating points, and the errors at one of them."""
    section_heading("thresholds")
    st.markdown(
        _(
            "A lower decision threshold misses fewer cases but raises more false alarms. The AUC does not "
            "depend on the threshold. It is **{auc}**: the probability that an image with pneumonia ranks above an "
            "image without pneumonia."
        ).format(auc=format_estimate(test["auc"]))
    )
    st.table(operating_points_by_column(test, point.name))
    st.caption(
        _("PPV and accuracy are for the prevalence in the test split ({prevalence}).").format(
            prevalence=format_percent(test["calibration"]["prevalence"])
        )
    )
    _show_confusion(test["operating_points"][point.name]["confusion"])


def show_curves(data: ReleaseData, test: SplitMetrics, point: OperatingPoint) -> None:
    """Draw the ROC curve and the precision-recall curve with the operating points."""
    section_heading("curves")
    st.markdown(
        _(
            "Each point on a curve is a decision threshold. Curves close to the upper left (ROC) or upper right "
            "(precision-recall) corner are best. Symbols mark the decision thresholds of this release; the "
            "selected one is larger."
        )
    )
    n_images = f"{test['n']:,}"
    marks = pd.DataFrame(operating_point_marks(test, point.name))
    for tab, corner in zip(st.tabs([_("Full curve"), _("Enlarged corner")]), (False, True), strict=True):
        roc_column, precision_recall_column = tab.columns(2, gap="large")
        with roc_column:
            st.markdown(_("**ROC curve**, AUC {auc}, n = {n}").format(auc=format_estimate(test["auc"]), n=n_images))
            chart = curve_chart(data.roc, marks, "false_alarm_rate", "sensitivity", corner=corner)
            st.altair_chart(chart, width="stretch")
        with precision_recall_column:
            st.markdown(_("**Precision-recall curve**, n = {n}").format(n=n_images))
            chart = curve_chart(data.precision_recall, marks, "sensitivity", "ppv", corner=corner)
            st.altair_chart(chart, width="stretch")


def show_causes(test: SplitMetrics, point: OperatingPoint) -> None:
    """Draw sensitivity by cause of pneumonia."""
    section_heading("causes")
    st.markdown(_("Sensitivity for each cause of pneumonia recorded in the data set, with 95% confidence intervals."))
    _show_sensitivity_by_cause(test, point)


def show_appearances(test: SplitMetrics, point: OperatingPoint) -> None:
    """Draw sensitivity by appearance of pneumonia, which takes the place of the cause in the metrics of adults."""
    section_heading("appearances")
    st.markdown(
        _("Sensitivity for each appearance of pneumonia that radiologists stated, with 95% confidence intervals.")
    )
    _show_sensitivity_by_cause(test, point)


def _show_sensitivity_by_cause(test: SplitMetrics, point: OperatingPoint) -> None:
    by_cause = pd.DataFrame(sensitivity_by_cause(test, point.name))
    st.altair_chart(sensitivity_by_cause_chart(by_cause), width="stretch")


def _show_confusion(confusion: Confusion) -> None:
    matrix_column, report_column = st.columns(2, gap="large")
    with matrix_column:
        st.markdown(_("**Confusion matrix**: the model's results by label."))
        cells = pd.DataFrame(confusion_cells(confusion))
        st.altair_chart(confusion_chart(cells), width="stretch")
    with report_column:
        st.markdown(_("**Classification report**: the same counts by class."))
        st.table(report_by_class(confusion))
        st.caption(
            _(
                "Precision: share of the results for a class that are correct. Recall: share of the images in a class "
                "that are detected; sensitivity for pneumonia, specificity for normal. F1: harmonic mean of precision "
                "and recall. See the table above for confidence intervals."
            )
        )
