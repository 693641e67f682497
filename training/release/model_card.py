"""The model card, written from a release's JSON files and from nothing else (Mitchell et al. 2019)."""

import textwrap
from collections.abc import Iterable
from typing import Any

from dataset.quality.report import audit_report
from model.explanation.reliability import KEY as EXPLANATION_CHECKS
from model.performance.admission import admission_sentences, admitted_rows, refused_rows, refused_sentence
from model.performance.explanations import checks_sentence, explanation_sentences, trust_sentence, warning_rows
from model.performance.shortcut_audit import (
    METRIC_NAMES,
    audit_sentences,
    lungs_sentence,
    strata_rows,
    view_sentence,
    with_interval,
)
from model.performance.tables import (
    adult_rows,
    adults_sentence,
    calibration_rows,
    cause_rows,
    conformal_rows,
    conformal_sentence,
    neighbours_sentence,
    point_rows,
)

FIGURES = "<!-- figures: written from model/release/metrics.json by `python -m training release` -->"
WIDTH = 120  # characters of a line
CAUSE = ("Cause", "Sensitivity", "Pictures")  # columns that the card shows; the page draws the others
END_OF_FIGURES = "<!-- end of figures -->"


def metrics_table(metrics: dict[str, Any]) -> str:
    """Markdown table of the test and validation figures at the default operating point, 95 % intervals in brackets."""
    columns, point = ("test", "validation"), metrics["operating_point"]["name"]
    splits = {name: metrics["splits"][name] | metrics["splits"][name]["operating_points"][point] for name in columns}
    lines = ["| | official test split | validation |", "| --- | --- | --- |"]
    sizes = (f"{splits[name]['n']} pictures, {splits[name]['patients']} patients" for name in columns)
    lines.append(f"| n | {' | '.join(sizes)} |")
    lines += [
        f"| {words} | {' | '.join(with_interval(splits[c][name]) for c in columns)} |"
        for name, words in METRIC_NAMES.items()
    ]
    counts = (splits[name]["confusion"] for name in columns)
    wrong = (f"{c['fn']} missed of {c['tp'] + c['fn']}, {c['fp']} false alarms of {c['fp'] + c['tn']}" for c in counts)
    return "\n".join([*lines, f"| Errors | {' | '.join(wrong)} |"])


def stress_table(stress: dict[str, Any]) -> str:
    """Markdown table of the validation figures under each shift of framing, tone, sharpness, codec and scale."""
    lines = ["| validation pictures, shifted | AUC | sensitivity | specificity |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {m['auc']:.3f} | {m['sensitivity']:.3f} | {m['specificity']:.3f} |"
        for name, m in stress["shifts"].items()
    ]
    return "\n".join(lines)


def table(rows: list[dict[str, str]]) -> str:
    """Markdown table of rows that have the same columns; "Not measured." where there are none."""
    if not rows:
        return "Not measured."
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def bullets(sentences: Iterable[str]) -> str:
    """A Markdown list, wrapped."""
    return "\n".join(
        textwrap.fill(s, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False) for s in sentences
    )


def with_figures(document: str, metrics: dict[str, Any]) -> str:
    """A document with what stands between its two figure comments replaced by the figures of these metrics.

    Raises:
        ValueError: the document has no such comments.
    """
    start, end = document.index(FIGURES) + len(FIGURES), document.index(END_OF_FIGURES)
    told = [*audit_sentences(metrics["shortcut_audit"]), refused_sentence(metrics["admission"])]
    told.append(trust_sentence(metrics["explanations"]))
    return f"{document[:start]}\n{metrics_table(metrics)}\n\n{bullets(told)}\n{document[end:]}"


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
        bullets(audit_report(data_audit)),
        "## How well it does",
        metrics_table(metrics),
        _paragraph(
            "95 % intervals by bootstrap over patients. Validation chose epoch, seed, calibration and threshold, so "
            "its figures flatter. The official test split chose nothing; it had been opened "
            f"{description['test_split_opened']} time(s) when this release was made (training/TEST_LOG.csv)."
        ),
        "## What it sees",
        _paragraph(f"{view_sentence(description['view'])} {lungs_sentence(metrics.get('lungs'))}"),
        "## Whether it reads lungs",
        _paragraph(
            "In this data set the class also shows in how a film was framed, scaled and stored. How much of that is "
            "there, and how much of it the reader can use:"
        ),
        bullets(audit_sentences(audit)),
        "The reader among pictures whose originals are of alike width:",
        table(strata_rows(audit)),
        "## How it holds under other people's software",
        _paragraph(
            f"Mean AUC {stress['mean_auc']:.3f}, worst {stress['worst_auc']:.3f}, of {stress['n']} validation "
            "pictures, at the same operating point, which they helped to choose, as they did the design:"
        ),
        stress_table(stress),
        "## Operating points",
        bullets(
            f"{p['name']}: PNEUMONIA from a probability of {p['threshold']:.4f}. {p['chosen']}"
            for p in description["operating_points"]
        ),
        "On the official test split:",
        table(point_rows(metrics["splits"]["test"])),
        f"Sensitivity by cause on it, at the {point} point:",
        table([{name: row[name] for name in CAUSE} for row in cause_rows(metrics["splits"]["test"], point)]),
        "## How far a probability can be taken at its word",
        _paragraph(
            f"{description['calibration']['chosen']} Calibrated at the prevalence of the training pictures; elsewhere "
            "the probability has to be shifted to the prevalence there, as the app does (Bayes). ECE: mean gap between "
            "probability and share of pneumonia, 15 bins of equal mass; its interval leans upward, since drawing "
            "patients anew adds scatter of its own."
        ),
        table(calibration_rows(metrics)),
        "## When it says that it does not know",
        _paragraph(f"{conformal_sentence(description['conformal'])} At the {point} operating point:"),
        table(conformal_rows(metrics, point)),
        "## What it refuses to read",
        bullets(admission_sentences(metrics["admission"])),
        table(admitted_rows(metrics["admission"])),
        table(refused_rows(metrics["admission"])),
        "## Similar training cases",
        _paragraph(neighbours_sentence(metrics["neighbours"])),
        "## How far a heat map can be believed",
        _paragraph(checks_sentence(description.get(EXPLANATION_CHECKS))),
        table(warning_rows(metrics.get("explanations"))),
        bullets(explanation_sentences(metrics.get("explanations"))),
        "## Outside its population",
        _paragraph(adults_sentence(metrics.get("adults"), point)),
        table(adult_rows(metrics.get("adults"), point)),
        "## Limits",
        bullets(description["limits"]),
        "## Ethics",
        bullets(description["ethics"]),
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
        bullets(f"{entry['version']}: {entry['change']}" for entry in description["changelog"]),
    ]
    return "\n\n".join(parts) + "\n"


def _paragraph(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)
