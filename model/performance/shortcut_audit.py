"""How figures of metrics.json are named and written, the same on pages and in documents."""

from typing import Any

from model.inference.input_region import Part

METRIC_NAMES = {
    "auc": "AUC",
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision (PPV)",
    "f1": "F1",
}


def with_interval(metric: dict[str, float | None]) -> str:
    """A figure with its 95 % interval, "0.971 (0.955-0.984)"; one that is not defined says so."""
    if metric["value"] is None:
        return "not defined"
    to = " to " if metric["low"] < 0 else "-"  # a minus beside a dash cannot be read
    return f"{metric['value']:.3f} ({metric['low']:.3f}{to}{metric['high']:.3f})"


def audit_sentences(audit: dict[str, Any]) -> list[str]:
    """The shortcut audit of metrics.json in plain words, a sentence or two per question."""
    return [
        _without_lungs(audit["size_alone"], audit["spectrum_alone"]),
        _framing(audit["framing_alone"]),
        _scaled_copies(audit["scaled_copies"]),
        _painted_over(audit["painted_over"]),
    ]


def strata_rows(audit: dict[str, Any]) -> list[dict[str, str]]:
    """The reader's AUC among pictures of alike original width, a row per split and quarter; none where not measured."""
    return [
        {
            "Split": split,
            "Original width": f"{stratum['narrowest']}-{stratum['widest']} px",
            "AUC": with_interval(stratum["auc"]) if stratum["auc"] else "too few of one class",
            "Pictures": str(stratum["n"]),
            "With pneumonia": str(stratum["positives"]),
        }
        for split in ("test", "validation")
        for stratum in (audit["size_strata"] or {}).get(split, [])
    ]


def lungs_sentence(lungs: dict[str, Any] | None) -> str:
    """How well the lungs are found, from metrics.json."""
    if lungs is None:
        return "How well the lungs are found was not measured."
    return (
        f"On {lungs['n']} validation pictures of {lungs['patients']} patients whose lung fields people drew, Dice is "
        f"{lungs['dice']['mean']:.3f} on average and at least {lungs['dice']['p05']:.3f} in 95 % of them. "
        + _box_error(lungs["box_error"])
        + f"No lungs were found in {lungs['not_found']}."
    )


def view_sentence(view: dict[str, Any]) -> str:
    """What the reader sees of a radiograph, from model.json."""
    margin = f" with {100 * view['margin']:.0f} % of its width and height on each side" if view["margin"] else ""
    around = f"the box of the lungs{margin}"
    return {
        Part.WHOLE: "The reader sees the whole radiograph.",
        Part.LUNG_BOX: f"A small network finds the lungs; the reader sees {around}, and nothing else; where "
        "no lungs are found, the whole radiograph.",
        Part.LUNGS_ALONE: f"A small network finds the lungs; the reader sees {around}, black outside the lung fields; "
        "where no lungs are found, the whole radiograph.",
    }[Part(view["part"])]


def _box_error(error: dict[str, float] | None) -> str:
    if error is None:
        return ""
    return (
        f"The worst of the four edges of the lungs' box is off by {100 * error['mean']:.1f} % of the picture's side on "
        f"average, {100 * error['p95']:.1f} % at the 95th percentile. "
    )


def _without_lungs(size: dict[str, Any] | None, spectrum: dict[str, Any]) -> str:
    of_size = (
        f"A model that sees nothing but width, height and aspect ratio of the original file reaches an AUC of "
        f"{with_interval(size['auc'])} on {size['n']} validation pictures"
        if size
        else "How much the size of the file tells was not measured"
    )
    return (
        f"What can be told without looking at a lung: {of_size}; one that sees nothing but the power spectrum of the "
        "224 px picture (how much there is of each coarseness, not where) reaches "
        f"{with_interval(spectrum['auc'])} on {spectrum['n']}. The reader is not told the size: all files are brought "
        "to one first."
    )


def _framing(framing: dict[str, Any]) -> str:
    return (
        "How close around the lungs the film was cropped, as far as the reader can see it: a model that sees nothing "
        f"but that reaches {with_interval(framing['auc'])} on {framing['n']} validation pictures, where 0.5 is chance."
    )


def _scaled_copies(copies: dict[str, Any] | None) -> str:
    if copies is None:
        return "Whether the same film at another size reads alike was not measured."
    parts = [
        f"the {side} px copy by {copies[side]['mean_change']:.3f} on average and "
        f"{copies[side]['largest_change']:.3f} at most ({_changes(copies[side]['verdicts_changed'])})"
        for side in ("224", "512")
    ]
    return (
        f"The same film at another size: {copies['n']} films in original size differ in probability from "
        f"{', from '.join(parts)}."
    )


def _changes(verdicts: int) -> str:
    """Counted by the threshold alone; which of them are indeterminate is not counted."""
    return "1 changes the side of the threshold" if verdicts == 1 else f"{verdicts} change the side of the threshold"


def _painted_over(painted: dict[str, Any] | None) -> str:
    if painted is None:
        return "What is left when the lungs are painted over was not measured."
    whole, lungs, outside = (with_interval(painted[name]["auc"]) for name in ("nothing", "lungs", "outside"))
    return (
        f"With the lungs painted over the reader's AUC is {lungs}: 0.5 is chance, and further from it, on either side, "
        f"means that the class still shows beside them. With everything but the lungs painted over it is {outside}; "
        f"untouched {whole} ({painted['nothing']['n']} validation pictures). No real film is painted over, so this "
        "shows what the reader can use and not what it does use."
    )
