"""Sections about the probabilities: distribution and calibration, indeterminate results."""

import streamlit as st

from model.codes import Population
from model.inference.decision import OperatingPoint
from model.inference.release_schema import ConformalDescription
from model.performance.calibration import (
    calibration_sentence,
    calibration_table,
    conformal_sentence,
    conformal_table,
    miscalibration_direction,
)
from model.performance.formatting import format_percent
from model.performance.release_data import ReleaseData
from model.performance.schema import ReleaseMetrics, SplitMetrics
from model.translation import gettext as _
from ui.charts.performance import histogram_chart, reliability_chart
from ui.performance.headings import section_heading


def show_probabilities(
    data: ReleaseData, population: Population, test: SplitMetrics, point: OperatingPoint, training_prevalence: float
) -> None:
    """Draw the distribution and the calibration of the probabilities.

    Args:
        data: Tables of the population.
        population: Population to show.
        test: Metrics on its test split.
        point: Operating point to mark.
        training_prevalence: Share of the training images that show pneumonia, 0-1.
    """
    section_heading("probabilities")
    st.markdown(
        _(
            "Useful probabilities separate the classes and are well calibrated: of 100 images with a probability of "
            "80%, 80 should show pneumonia. The charts use the training prevalence ({prevalence})."
        ).format(prevalence=format_percent(training_prevalence))
    )
    (st.warning if miscalibration_direction(test) else st.markdown)(calibration_sentence(test))
    histogram_column, reliability_column = st.columns(2, gap="large")
    with histogram_column:
        st.markdown(
            _("**Distribution** of the probabilities, by label, n = {n}. Square-root scale.").format(n=f"{test['n']:,}")
        )
        st.altair_chart(histogram_chart(data.histogram, point.threshold), width="stretch")
    with reliability_column:
        st.markdown(
            _(
                "**Calibration**: {groups} groups of at least {n} images each, with 95% confidence intervals. The "
                "dashed line is perfect calibration."
            ).format(groups=len(data.reliability), n=data.reliability["n"].min())
        )
        st.altair_chart(reliability_chart(data.reliability), width="stretch")
    with st.expander(_("Calibration metrics")):
        st.dataframe(calibration_table(data.metrics, population), hide_index=True)
        st.caption(
            _(
                "ECE (expected calibration error): mean absolute difference between predicted probability and "
                "observed share of pneumonia. Brier score: mean squared error. For both, 0 is best. A slope below 1 "
                "means overconfidence; an intercept below 0 means that probabilities around 50% are too high. The "
                "interval of the ECE is biased upwards, because the bootstrap adds variance of its own."
            )
        )


def show_indeterminate(
    metrics: ReleaseMetrics,
    population: Population,
    test: SplitMetrics,
    conformal: ConformalDescription,
    point: OperatingPoint,
) -> None:
    """Show how often results are indeterminate.

    Args:
        metrics: Metrics of the release.
        population: Population to show.
        test: Metrics on its test split.
        conformal: Its entry `conformal` in model.json.
        point: Operating point of the results.
    """
    section_heading("indeterminate")
    coverage_text = _(
        "The table shows how often the true class was plausible and how often the result was indeterminate."
    )
    st.markdown(f"{conformal_sentence(conformal, test)} {coverage_text}")
    st.dataframe(conformal_table(metrics, population, point.name), hide_index=True)
