"""The model card (Mitchell et al. 2019), generated from the JSON files of a release alone."""

import textwrap
from collections.abc import Iterable
from typing import Any

from dataset.quality.audit import DatasetAudit
from dataset.quality.report import audit_report
from model.inference.release_schema import ReleaseDescription
from model.performance.admission import admission_sentences, admitted_table, inadmissible_table, refusal_sentence
from model.performance.explanations import heat_map_sentences, reliability_sentence, reliability_summary, warnings_table
from model.performance.formatting import METRIC_NAMES, format_estimate
from model.performance.schema import ReleaseMetrics, RobustnessMetrics
from model.performance.shortcut_audit import audit_sentences, input_region_sentence, segmentation_sentence, strata_table
from model.performance.tables import (
    adults_sentence,
    calibration_table,
    conformal_sentence,
    conformal_table,
    external_table,
    operating_point_table,
    sensitivity_by_cause_table,
    similar_cases_sentence,
)

METRICS_START = "<!-- figures: written from model/release/metrics.json by `python -m training release` -->"
METRICS_END = "<!-- end of figures -->"
LINE_WIDTH = 120  # characters
CAUSE_COLUMNS = ("Cause", "Sensitivity", "Pictures")  # columns of the table by cause; the page draws the others


def metrics_table(metrics: ReleaseMetrics) -> str:
    """Return a Markdown table of the test and validation metrics at the default operating point, with 95% intervals."""
    columns, point = ("test", "validation"), metrics["operating_point"]["name"]
    splits: dict[str, Any] = {
        name: {**metrics["splits"][name], **metrics["splits"][name]["operating_points"][point]} for name in columns
    }
    lines = ["| | official test split | validation |", "| --- | --- | --- |"]
    sizes = (f"{splits[name]['n']} pictures, {splits[name]['patients']} patients" for name in columns)
    lines.append(f"| n | {' | '.join(sizes)} |")
    lines += [
        f"| {metric_text} | {' | '.join(format_estimate(splits[name][metric]) for name in columns)} |"
        for metric, metric_text in METRIC_NAMES.items()
    ]
    confusions = (splits[name]["confusion"] for name in columns)
    errors = (
        f"{c['fn']} missed of {c['tp'] + c['fn']}, {c['fp']} false alarms of {c['fp'] + c['tn']}" for c in confusions
    )
    return "\n".join([*lines, f"| Errors | {' | '.join(errors)} |"])


def robustness_table(robustness: RobustnessMetrics) -> str:
    """Return a Markdown table of the validation metrics under each perturbation."""
    lines = ["| validation pictures, shifted | AUC | sensitivity | specificity |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {m['auc']:.3f} | {m['sensitivity']:.3f} | {m['specificity']:.3f} |"
        for name, m in robustness["shifts"].items()
    ]
    return "\n".join(lines)


def markdown_table(rows: list[dict[str, str]]) -> str:
    """Return a Markdown table of rows with the same columns; "Not measured." if there are none."""
    if not rows:
        return "Not measured."
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def markdown_list(sentences: Iterable[str]) -> str:
    """Return a wrapped Markdown list."""
    return "\n".join(
        textwrap.fill(sentence, LINE_WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        for sentence in sentences
    )


def with_metrics_section(document: str, metrics: ReleaseMetrics) -> str:
    """Return a document with the text between METRICS_START and METRICS_END replaced by the current metrics.

    Raises:
        ValueError: The document has no such comments.
    """
    start, end = document.index(METRICS_START) + len(METRICS_START), document.index(METRICS_END)
    sentences = [
        *audit_sentences(metrics["shortcut_audit"]),
        refusal_sentence(metrics["admission"]),
        reliability_summary(metrics["explanations"]),
    ]
    return f"{document[:start]}\n{metrics_table(metrics)}\n\n{markdown_list(sentences)}\n{document[end:]}"


def model_card(description: ReleaseDescription, metrics: ReleaseMetrics, data_audit: DatasetAudit) -> str:
    """Return the model card of a release.

    Args:
        description: Content of model.json.
        metrics: Content of metrics.json.
        data_audit: Content of dataset_audit.json.
    """
    parts = [
        f"# {description['name']}, model {description['version']}",
        "Generated from model.json, metrics.json and dataset_audit.json; do not edit.",
        "## Intended use",
        _paragraph(description["intended_use"]),
        *_data_section(description, data_audit),
        *_performance_section(description, metrics),
        *_lungs_section(description, metrics),
        *_robustness_section(metrics),
        *_operating_points_section(description, metrics),
        *_calibration_section(description, metrics),
        *_admission_section(metrics),
        *_explanation_section(description, metrics),
        *_external_section(metrics),
        "## Limits",
        markdown_list(description["limits"]),
        "## Ethics",
        markdown_list(description["ethics"]),
        *_provenance_section(description),
    ]
    return "\n\n".join(parts) + "\n"


def _data_section(description: ReleaseDescription, data_audit: DatasetAudit) -> list[str]:
    data = description["dataset"]
    sizes = ", ".join(
        f"{count} {name} pictures of {data['patients'][name]} patients" for name, count in data["images"].items()
    )
    return [
        "## Data",
        _paragraph(f"{data['name']}; {data['source']}; {data['licence']}. {description['population']}"),
        _paragraph(
            f"{sizes}. Validation is cut by patient from the official train and val folders. Share of pneumonia among "
            f"the training pictures: {description['training_prevalence']:.3f}."
        ),
        "## What is wrong or odd in the data",
        markdown_list(audit_report(data_audit)),
    ]


def _performance_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    return [
        "## How well it does",
        metrics_table(metrics),
        _paragraph(
            "95 % intervals by bootstrap over patients. Validation chose epoch, seed, calibration and threshold, so "
            "its figures flatter. The official test split chose nothing; it had been opened "
            f"{description['test_split_opened']} time(s) when this release was made (training/TEST_LOG.csv)."
        ),
    ]


def _lungs_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    audit = metrics["shortcut_audit"]
    return [
        "## What it sees",
        _paragraph(
            f"{input_region_sentence(description['input_region'])} {segmentation_sentence(metrics.get('lungs'))}"
        ),
        "## Whether it reads lungs",
        _paragraph(
            "In this data set the class also shows in how a film was framed, scaled and stored. How much of that is "
            "there, and how much of it the reader can use:"
        ),
        markdown_list(audit_sentences(audit)),
        "The reader among pictures whose originals are of alike width:",
        markdown_table(strata_table(audit)),
    ]


def _robustness_section(metrics: ReleaseMetrics) -> list[str]:
    robustness = metrics["stress_validation"]
    return [
        "## How it holds under other people's software",
        _paragraph(
            f"Mean AUC {robustness['mean_auc']:.3f}, worst {robustness['worst_auc']:.3f}, of {robustness['n']} "
            "validation pictures, at the same operating point, which they helped to choose, as they did the design:"
        ),
        robustness_table(robustness),
    ]


def _operating_points_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    point, test_metrics = metrics["operating_point"]["name"], metrics["splits"]["test"]
    by_cause = sensitivity_by_cause_table(test_metrics, point)
    return [
        "## Operating points",
        markdown_list(
            f"{p['name']}: PNEUMONIA from a probability of {p['threshold']:.4f}. {p['rationale']}"
            for p in description["operating_points"]
        ),
        "On the official test split:",
        markdown_table(operating_point_table(test_metrics)),
        f"Sensitivity by cause on it, at the {point} point:",
        markdown_table([{column: row[column] for column in CAUSE_COLUMNS} for row in by_cause]),
    ]


def _calibration_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    point = metrics["operating_point"]["name"]
    return [
        "## How far a probability can be taken at its word",
        _paragraph(
            f"{description['calibration']['rationale']} Calibrated at the prevalence of the training pictures; "
            "elsewhere the probability has to be shifted to the prevalence there, as the app does (Bayes). ECE: mean "
            "gap between probability and share of pneumonia, 15 bins of equal mass; its interval leans upward, since "
            "drawing patients anew adds scatter of its own."
        ),
        markdown_table(calibration_table(metrics)),
        "## When it says that it does not know",
        _paragraph(f"{conformal_sentence(description['conformal'])} At the {point} operating point:"),
        markdown_table(conformal_table(metrics, point)),
    ]


def _admission_section(metrics: ReleaseMetrics) -> list[str]:
    admission = metrics["admission"]
    return [
        "## What it refuses to read",
        markdown_list(admission_sentences(admission)),
        markdown_table(admitted_table(admission)),
        markdown_table(inadmissible_table(admission)),
    ]


def _explanation_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    explanations = metrics.get("explanations")
    return [
        "## Similar training cases",
        _paragraph(similar_cases_sentence(metrics["similar_cases"])),
        "## How far a heat map can be believed",
        _paragraph(reliability_sentence(description.get("heat_map_reliability"))),
        markdown_table(warnings_table(explanations)),
        markdown_list(heat_map_sentences(explanations)),
    ]


def _external_section(metrics: ReleaseMetrics) -> list[str]:
    adults, point = metrics.get("adults"), metrics["operating_point"]["name"]
    return [
        "## Outside its population",
        _paragraph(adults_sentence(adults, point)),
        markdown_table(external_table(adults, point)),
    ]


def _provenance_section(description: ReleaseDescription) -> list[str]:
    libraries = ", ".join(f"{name} {version}" for name, version in description["libraries"].items())
    settings = ", ".join(f"{name} {value}" for name, value in description["training"].items())
    return [
        "## How to retrain",
        _paragraph(
            "`python -m training fit-classifier`, `package`, `evaluate` and `release`; the README tells how, and with "
            f"which data. Settings of this run: {settings}."
        ),
        "## Made by",
        _paragraph(
            f"`python -m training fit-classifier`, `package`, `evaluate` and `release`, program "
            f"{description['git_commit']}, seed {description['seed']}, {libraries}."
        ),
        "## Changes",
        markdown_list(f"{entry['version']}: {entry['change']}" for entry in description["changelog"]),
    ]


def _paragraph(text: str) -> str:
    return textwrap.fill(text, LINE_WIDTH, break_on_hyphens=False)
