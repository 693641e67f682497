"""The model card, written from model.json and metrics.json and from nothing else (Mitchell et al. 2019)."""

from typing import Any

from model.figures import METRIC_NAMES, with_interval

FIGURES = "<!-- figures: written from model/release/metrics.json by `python -m training release` -->"
END_OF_FIGURES = "<!-- end of figures -->"


def metrics_table(splits: dict[str, Any]) -> str:
    """Markdown table of the test and validation figures, 95 % intervals in brackets."""
    columns = ("test", "validation")
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


def with_figures(document: str, splits: dict[str, Any]) -> str:
    """A document with the table between its two figure comments replaced by the one of these splits.

    Raises:
        ValueError: the document has no such comments.
    """
    start, end = document.index(FIGURES) + len(FIGURES), document.index(END_OF_FIGURES)
    return f"{document[:start]}\n{metrics_table(splits)}\n{document[end:]}"


def model_card(description: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The card of a release, from its model.json and metrics.json."""
    data = description["dataset"]
    sizes = ", ".join(f"{data['pictures'][p]} {p} pictures of {data['patients'][p]} patients" for p in data["pictures"])
    points = "\n".join(
        f"- {p['name']}: PNEUMONIA from a probability of {p['threshold']:.4f}. {p['chosen']}"
        for p in description["operating_points"]
    )
    limits = "\n".join(f"- {limit}" for limit in description["limits"])
    changes = "\n".join(f"- {entry['version']}: {entry['change']}" for entry in description["changelog"])
    return f"""# {description["name"]}, model {description["version"]}

Generated from model.json and metrics.json; do not edit.

## Intended use

{description["intended_use"]}

## Data

{data["name"]}; {data["source"]}; {data["licence"]}. {description["population"]}

{sizes}. Validation is cut by patient from the official train and val folders. Share of pneumonia among the training
pictures: {description["training_prevalence"]:.3f}.

## How well it does

{metrics_table(metrics["splits"])}

95 % intervals by bootstrap over patients. Validation chose epoch, calibration and threshold, so its figures flatter.
The official test split chose nothing; it had been opened {description["test_split_opened"]} time(s) when this
release was made (training/TEST_LOG.csv).

## How it holds under other people's software

Mean AUC {metrics["stress_validation"]["mean_auc"]:.3f}, worst {metrics["stress_validation"]["worst_auc"]:.3f}, of
{metrics["stress_validation"]["n"]} validation pictures, at the same operating point:

{stress_table(metrics["stress_validation"])}

## Operating points

{points}

## Limits

{limits}

## Made by

`python -m training fit`, `evaluate` and `release`, program {description["git_commit"]}, seed {description["seed"]},
{", ".join(f"{name} {version}" for name, version in description["libraries"].items())}.

## Changes

{changes}
"""
