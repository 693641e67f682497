"""Sections of README.md and docs/evidence.md that are generated from a release, and the tables in them."""

import re
from collections.abc import Callable

from model.codes import LABELS, SplitName
from model.performance.admission import refusal_sentence
from model.performance.adults import adults_sentence, external_table
from model.performance.explanations import reliability_summary
from model.performance.formatting import format_estimate, format_percent
from model.performance.operating_points import sensitivity_by_cause_table
from model.performance.release_data import ReleaseData
from model.performance.schema import ReleaseMetrics
from model.performance.shortcut_audit import audit_sentences, strata_table
from training.release.aims import aims_table
from training.release.markdown import markdown_list, markdown_paragraph, markdown_table
from training.release.population_sections import figures_of_adults, metrics_table, training_sentence

_SECTION_START = "<!-- {}: written from model/release by `python -m training release` -->"
METRICS_START = _SECTION_START.format("figures")
METRICS_END = "<!-- end of figures -->"
_SECTION = re.compile(rf"{_SECTION_START.format('(?P<name>[a-z ]+)')}\n.*?{METRICS_END}", re.DOTALL)


def with_metrics_section(document: str, data: ReleaseData) -> str:
    """Return a document with the current metrics in each of its generated sections.

    A section starts with METRICS_START, or with the same comment for another name in _DOCUMENT_SECTIONS, and ends with
    METRICS_END.

    Args:
        document: Markdown text of README.md or docs/evidence.md.
        data: Data files of the release.

    Raises:
        ValueError: The document has no generated section.
        KeyError: The document has a section with an unknown name.
    """

    def write_section(section: re.Match[str]) -> str:
        text = _DOCUMENT_SECTIONS[section["name"]](data)
        return f"{_SECTION_START.format(section['name'])}\n{text}\n{METRICS_END}"

    written, n_sections = _SECTION.subn(write_section, document)
    if n_sections == 0:
        raise ValueError("The document has no generated section.")
    return written


def results_by_cause(metrics: ReleaseMetrics) -> str:
    """Return a table of the sensitivity for each cause on the test split, at the default operating point."""
    point = metrics["operating_point"]["name"]
    return markdown_table(sensitivity_by_cause_table(metrics["splits"][SplitName.TEST], point))


def results_among_adults(metrics: ReleaseMetrics) -> str:
    """Return a sentence and a table about the performance on adults, at the default operating point."""
    adults, point = metrics.get("adults"), metrics["operating_point"]["name"]
    if adults is None and "populations" in metrics:
        return "Not measured."
    return f"{markdown_paragraph(adults_sentence(adults, point))}\n\n{markdown_table(external_table(adults, point))}"


def calibration_on_test_split(data: ReleaseData) -> str:
    """Return a paragraph and a reliability table for the probabilities on the test split."""
    measured = data.metrics["splits"][SplitName.TEST]
    calibration = measured["calibration"]
    raw, adjusted = calibration["raw"], calibration["prevalence_adjusted"]
    adjusted_text = (
        f" Adjusted to the prevalence of these images ({format_percent(calibration['prevalence'], 1)}), the intercept "
        f"is {format_estimate(adjusted['intercept'])}."
        if adjusted
        else ""
    )
    paragraph = (
        f"On the official test split (n = {measured['n']}), the calibration intercept at the training prevalence is "
        f"{format_estimate(raw['intercept'])} (ideal: 0; below 0 if probabilities around 50% are too high) and the "
        f"slope is {format_estimate(raw['slope'])} (ideal: 1).{adjusted_text} The table sorts these images by "
        f"probability, at the training prevalence, into {len(data.reliability)} groups of about equal size:"
    )
    rows = [
        {
            "Mean probability": format_percent(group.probability, 1),
            "Observed share of pneumonia": format_percent(group.share, 1),
            "95% interval": f"{format_percent(group.low, 1)} to {format_percent(group.high, 1)}",
            "Images": group.n,
        }
        for group in data.reliability.itertuples()
    ]
    return f"{markdown_paragraph(paragraph)}\n\n{markdown_table(rows)}"


def coverage_on_test_split(metrics: ReleaseMetrics) -> str:
    """Return a list of the conformal coverage for each class on the test split."""
    coverage = metrics["splits"][SplitName.TEST]["conformal"]["coverage"]
    return markdown_list(
        f"{label}: {format_estimate(coverage[label])} of {coverage[label]['n']} images" for label in LABELS
    )


_DOCUMENT_SECTIONS: dict[str, Callable[[ReleaseData], str]] = {
    "figures": lambda data: metrics_table(data.metrics),
    "calibration": calibration_on_test_split,
    "coverage": lambda data: coverage_on_test_split(data.metrics),
    "results by cause": lambda data: results_by_cause(data.metrics),
    "results by size": lambda data: markdown_table(strata_table(data.metrics["shortcut_audit"])),
    "results among adults": lambda data: results_among_adults(data.metrics),
    "aims": lambda data: markdown_table(aims_table(data.metrics, data.description)),
    "populations": lambda data: markdown_paragraph(training_sentence(data.description)),
    "figures of adults": lambda data: figures_of_adults(data.metrics),
    "shortcut audit": lambda data: markdown_list(audit_sentences(data.metrics["shortcut_audit"])),
    "admission": lambda data: markdown_paragraph(refusal_sentence(data.metrics["admission"])),
    "heat maps": lambda data: markdown_paragraph(reliability_summary(data.metrics["explanations"])),
}
