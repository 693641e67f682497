"""The model card, written from a release's JSON files and from nothing else (Mitchell et al. 2019)."""

import textwrap
from collections.abc import Iterable
from typing import Any

from dataset.quality.report import audit_report
from model.explanation.reliability import RELIABILITY_KEY as EXPLANATION_CHECKS
from model.performance.admission import admission_sentences, admitted_table, inadmissible_table, refusal_sentence
from model.performance.explanations import heat_map_sentences, reliability_sentence, reliability_summary, warnings_table
from model.performance.formatting import METRIC_NAMES, format_estimate
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
LINE_WIDTH = 120  # characters of a line
CAUSE_NAMES = ("Cause", "Sensitivity", "Pictures")  # columns that the card shows; the page draws the others
METRICS_END = "<!-- end of figures -->"


def metrics_table(metrics: dict[str, Any]) -> str:
    """Markdown table of the test and validation figures at the default operating point, 95 % intervals in brackets."""
    columns, point = ("test", "validation"), metrics["operating_point"]["name"]
    splits = {name: metrics["splits"][name] | metrics["splits"][name]["operating_points"][point] for name in columns}
    lines = ["| | official test split | validation |", "| --- | --- | --- |"]
    sizes = (f"{splits[name]['n']} pictures, {splits[name]['patients']} patients" for name in columns)
    lines.append(f"| n | {' | '.join(sizes)} |")
    lines += [
        f"| {words} | {' | '.join(format_estimate(splits[c][name]) for c in columns)} |"
        for name, words in METRIC_NAMES.items()
    ]
    counts = (splits[name]["confusion"] for name in columns)
    wrong = (f"{c['fn']} missed of {c['tp'] + c['fn']}, {c['fp']} false alarms of {c['fp'] + c['tn']}" for c in counts)
    return "\n".join([*lines, f"| Errors | {' | '.join(wrong)} |"])


def robustness_table(stress: dict[str, Any]) -> str:
    """Markdown table of the validation figures under each shift of framing, tone, sharpness, codec and scale."""
    lines = ["| validation pictures, shifted | AUC | sensitivity | specificity |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {m['auc']:.3f} | {m['sensitivity']:.3f} | {m['specificity']:.3f} |"
        for name, m in stress["shifts"].items()
    ]
    return "\n".join(lines)


def markdown_table(rows: list[dict[str, str]]) -> str:
    """Markdown table of rows that have the same columns; "Not measured." where there are none."""
    if not rows:
        return "Not measured."
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def markdown_list(sentences: Iterable[str]) -> str:
    """A Markdown list, wrapped."""
    return "\n".join(
        textwrap.fill(s, LINE_WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        for s in sentences
    )


def with_metrics_section(document: str, metrics: dict[str, Any]) -> str:
    """A document with what stands between its two figure comments replaced by the figures of these metrics.

    Raises:
        ValueError: the document has no such comments.
    """
    start, end = document.index(METRICS_START) + len(METRICS_START), document.index(METRICS_END)
    told = [*audit_sentences(metrics["shortcut_audit"]), refusal_sentence(metrics["admission"])]
    told.append(reliability_summary(metrics["explanations"]))
    return f"{document[:start]}\n{metrics_table(metrics)}\n\n{markdown_list(told)}\n{document[end:]}"


def model_card(description: dict[str, Any], metrics: dict[str, Any], data_audit: dict[str, Any]) -> str:
    """The card of a release, from its model.json, metrics.json and dataset_audit.json."""
    point = metrics["operating_point"]["name"]
    data, stress, audit = description["dataset"], metrics["stress_validation"], metrics["shortcut_audit"]
    sizes = ", ".join(f"{data['pictures'][p]} {p} pictures of {data['patients'][p]} patients" for p in data["pictures"])
    libraries = ", ".join(f"{name} {version}" for name, version in description["libraries"].items())
    parts = [
        f"# {description['name']}, model {description['version']}",
        "Generated from model.json, metrics.json and dataset_audit.json; do not edit.",
        "## Intended use",
        _paragraph(description["intended_use"]),
        "## Data",
        _paragraph(f"{data['name']}; {data['source']}; {data['licence']}. {description['population']}"),
        _paragraph(
            f"{sizes}. Validation is cut by patient from the official train and val folders. Share of pneumonia among "
            f"the training pictures: {description['training_prevalence']:.3f}."
        ),
        "## What is wrong or odd in the data",
        markdown_list(audit_report(data_audit)),
        "## How well it does",
        metrics_table(metrics),
        _paragraph(
            "95 % intervals by bootstrap over patients. Validation chose epoch, seed, calibration and threshold, so "
            "its figures flatter. The official test split chose nothing; it had been opened "
            f"{description['test_split_opened']} time(s) when this release was made (training/TEST_LOG.csv)."
        ),
        "## What it sees",
        _paragraph(f"{input_region_sentence(description['view'])} {segmentation_sentence(metrics.get('lungs'))}"),
        "## Whether it reads lungs",
        _paragraph(
            "In this data set the class also shows in how a film was framed, scaled and stored. How much of that is "
            "there, and how much of it the reader can use:"
        ),
        markdown_list(audit_sentences(audit)),
        "The reader among pictures whose originals are of alike width:",
        markdown_table(strata_table(audit)),
        "## How it holds under other people's software",
        _paragraph(
            f"Mean AUC {stress['mean_auc']:.3f}, worst {stress['worst_auc']:.3f}, of {stress['n']} validation "
            "pictures, at the same operating point, which they helped to choose, as they did the design:"
        ),
        robustness_table(stress),
        "## Operating points",
        markdown_list(
            f"{p['name']}: PNEUMONIA from a probability of {p['threshold']:.4f}. {p['chosen']}"
            for p in description["operating_points"]
        ),
        "On the official test split:",
        markdown_table(operating_point_table(metrics["splits"]["test"])),
        f"Sensitivity by cause on it, at the {point} point:",
        markdown_table(
            [
                {name: row[name] for name in CAUSE_NAMES}
                for row in sensitivity_by_cause_table(metrics["splits"]["test"], point)
            ]
        ),
        "## How far a probability can be taken at its word",
        _paragraph(
            f"{description['calibration']['chosen']} Calibrated at the prevalence of the training pictures; elsewhere "
            "the probability has to be shifted to the prevalence there, as the app does (Bayes). ECE: mean gap between "
            "probability and share of pneumonia, 15 bins of equal mass; its interval leans upward, since drawing "
            "patients anew adds scatter of its own."
        ),
        markdown_table(calibration_table(metrics)),
        "## When it says that it does not know",
        _paragraph(f"{conformal_sentence(description['conformal'])} At the {point} operating point:"),
        markdown_table(conformal_table(metrics, point)),
        "## What it refuses to read",
        markdown_list(admission_sentences(metrics["admission"])),
        markdown_table(admitted_table(metrics["admission"])),
        markdown_table(inadmissible_table(metrics["admission"])),
        "## Similar training cases",
        _paragraph(similar_cases_sentence(metrics["neighbours"])),
        "## How far a heat map can be believed",
        _paragraph(reliability_sentence(description.get(EXPLANATION_CHECKS))),
        markdown_table(warnings_table(metrics.get("explanations"))),
        markdown_list(heat_map_sentences(metrics.get("explanations"))),
        "## Outside its population",
        _paragraph(adults_sentence(metrics.get("adults"), point)),
        markdown_table(external_table(metrics.get("adults"), point)),
        "## Limits",
        markdown_list(description["limits"]),
        "## Ethics",
        markdown_list(description["ethics"]),
        "## How to retrain",
        _paragraph(
            "`python -m training fit`, `evaluate` and `release`; the README tells how, and with which data. Settings "
            f"of this run: {', '.join(f'{name} {value}' for name, value in description['training'].items())}."
        ),
        "## Made by",
        _paragraph(
            f"`python -m training fit`, `evaluate` and `release`, program {description['git_commit']}, seed "
            f"{description['seed']}, {libraries}."
        ),
        "## Changes",
        markdown_list(f"{entry['version']}: {entry['change']}" for entry in description["changelog"]),
    ]
    return "\n\n".join(parts) + "\n"


def _paragraph(text: str) -> str:
    return textwrap.fill(text, LINE_WIDTH, break_on_hyphens=False)
