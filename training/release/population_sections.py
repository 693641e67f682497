"""Sections of the model card and the documents about populations: licence, data, and the metrics of adults."""

from typing import Any

from model.codes import Population, SplitName
from model.inference.release_schema import ReleaseDescription
from model.performance.calibration import calibration_sentence, calibration_table, conformal_sentence, conformal_table
from model.performance.formatting import METRIC_NAMES, format_estimate
from model.performance.operating_points import operating_point_table, sample_sentence, sensitivity_by_cause_table
from model.performance.population import metrics_of_population, population_table, refusal_table
from model.performance.schema import ReleaseMetrics, ToneMetrics
from training.release.markdown import markdown_list, markdown_paragraph, markdown_table

_TEST_COLUMN = {Population.CHILDREN: "Official test split", Population.ADULTS: "Test split"}
_PATIENTS = {
    Population.CHILDREN: "children aged {youngest} to {oldest} years",
    Population.ADULTS: "adults",
}


def training_sentence(description: ReleaseDescription) -> str:
    """Return whose radiographs the model was trained on, and the licence of its weights."""
    patients = []
    for name, entry in description["populations"].items():
        youngest, oldest = entry["years"]
        patients.append(_PATIENTS[Population(name)].format(youngest=youngest, oldest=oldest))
    return f"The model was trained on radiographs of {' and of '.join(patients)}. {description['licence']}"


def licence_section(description: ReleaseDescription) -> list[str]:
    """Return the section of the model card about licence and populations."""
    return [
        "## Licence and populations",
        markdown_paragraph(description["licence"]),
        markdown_table(population_table(description)),
    ]


def metrics_table(metrics: ReleaseMetrics, population: Population = Population.CHILDREN) -> str:
    """Return a table of the test and validation metrics at the default operating point, with 95% intervals."""
    measured = metrics_of_population(metrics, population)
    point, splits = measured["operating_point"]["name"], measured["splits"]
    columns = [splits[name] for name in (SplitName.TEST, SplitName.VALIDATION)]
    confusions = [split["operating_points"][point]["confusion"] for split in columns]
    values: list[dict[str, Any]] = [{**split, **split["operating_points"][point]} for split in columns]
    rows = {
        "Size": [f"{split['n']} images, {split['patients']} patients" for split in columns],
        **{name: [format_estimate(of_split[metric]) for of_split in values] for metric, name in METRIC_NAMES.items()},
        "Missed cases": [f"{c['fn']} of {c['tp'] + c['fn']}" for c in confusions],
        "False alarms": [f"{c['fp']} of {c['fp'] + c['tn']}" for c in confusions],
    }
    header = f"| | {_TEST_COLUMN[population]} | Validation |\n| --- | --- | --- |"
    return "\n".join([header, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())])


def figures_of_adults(metrics: ReleaseMetrics) -> str:
    """Return the metrics of adults for the documents, or that there are none."""
    if Population.ADULTS not in metrics.get("populations", {}):
        return "The model was not trained on adults."
    return f"{metrics_table(metrics, Population.ADULTS)}\n\n{markdown_paragraph(_typical_sentence(metrics))}"


def adults_sections(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    """Return the sections of the model card about adults; none if the model was not trained on them."""
    adults = Population.ADULTS
    if adults not in description["populations"]:
        return []
    entry, measured = description["populations"][adults], metrics["populations"][adults]
    point, test = measured["operating_point"]["name"], measured["splits"][SplitName.TEST]
    return [
        "## Adults",
        markdown_paragraph(entry["description"]),
        markdown_paragraph(
            f"{sample_sentence(test, adults)} {entry['training_prevalence']:.1%} of the training images show "
            "pneumonia. Calibration, thresholds and limits were chosen on the validation images of adults alone. "
            f"Number of evaluations on their test split before this release: {entry['test_split_opened']} "
            "(training/TEST_LOG.csv)."
        ),
        metrics_table(metrics, adults),
        markdown_paragraph(_typical_sentence(metrics)),
        markdown_list(
            f"{p['name']}: threshold {p['threshold']:.4f}. {p['rationale']}" for p in entry["operating_points"]
        ),
        markdown_table(operating_point_table(test)),
        f"Sensitivity by appearance on the test split, at the {point} operating point:",
        markdown_table(sensitivity_by_cause_table(test, point)),
        markdown_paragraph(f"{entry['calibration']['rationale']} {calibration_sentence(test)}"),
        markdown_table(calibration_table(metrics, adults)),
        markdown_paragraph(conformal_sentence(entry["conformal"], test)),
        markdown_table(conformal_table(metrics, adults, point)),
        "Admission check:",
        markdown_table(refusal_table(measured)),
    ]


def tone_section(metrics: ReleaseMetrics) -> list[str]:
    """Return the section of the model card about brightness and contrast; none if they were not measured."""
    measured: dict[str, ToneMetrics] = {"Children": metrics["tone"]} if "tone" in metrics else {}
    adults = metrics.get("populations", {}).get(Population.ADULTS)
    if adults and "tone" in adults:
        measured["Adults"] = adults["tone"]
    if not measured:
        return []
    first = next(iter(measured.values()))
    rows = {"all changes together": {name: tone["verdicts_changed"] for name, tone in measured.items()}}
    rows |= {change: {name: tone["changes"][change] for name, tone in measured.items()} for change in first["changes"]}
    return [
        "## Robustness to brightness and contrast",
        markdown_paragraph(
            "Share of the validation images whose probability crosses the default decision threshold if the tone of "
            "the image is changed:"
        ),
        markdown_table(
            [
                {"Change": change, **{name: format_estimate(share) for name, share in shares.items()}}
                for change, shares in rows.items()
            ]
        ),
    ]


def _typical_sentence(metrics: ReleaseMetrics) -> str:
    typical = metrics["populations"][Population.ADULTS]["typical"][SplitName.TEST]
    return (
        "Images with a typical appearance of pneumonia against negative images of the test split (n = "
        f"{typical['n']}): AUC {format_estimate(typical['auc'])}."
    )
