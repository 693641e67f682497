"""How figures of metrics.json are named and written, the same on pages and in documents."""

from typing import Any

from model.inference.input_region import RegionKind
from model.performance.formatting import format_estimate


def audit_sentences(audit: dict[str, Any]) -> list[str]:
    """The shortcut audit of metrics.json in plain words, a sentence or two per question."""
    return [
        _size_and_spectrum(audit["size_alone"], audit["spectrum_alone"]),
        _framing(audit["framing_alone"]),
        _scaled_copies(audit["scaled_copies"]),
        _masked_lungs(audit["painted_over"]),
    ]


def strata_table(audit: dict[str, Any]) -> list[dict[str, str]]:
    """The reader's AUC among pictures of alike original width, a row per split and quarter; none where not measured."""
    return [
        {
            "Split": split,
            "Original width": f"{stratum['narrowest']}-{stratum['widest']} px",
            "AUC": format_estimate(stratum["auc"]) if stratum["auc"] else "too few of one class",
            "Pictures": str(stratum["n"]),
            "With pneumonia": str(stratum["positives"]),
        }
        for split in ("test", "validation")
        for stratum in (audit["size_strata"] or {}).get(split, [])
    ]


def segmentation_sentence(lungs: dict[str, Any] | None) -> str:
    """How well the lungs are found, from metrics.json."""
    if lungs is None:
        return "How well the lungs are found was not measured."
    return (
        f"On {lungs['n']} validation pictures of {lungs['patients']} patients whose lung fields people drew, Dice is "
        f"{lungs['dice']['mean']:.3f} on average and at least {lungs['dice']['p05']:.3f} in 95 % of them. "
        + _box_error(lungs["box_error"])
        + f"No lungs were found in {lungs['not_found']}."
    )


def input_region_sentence(view: dict[str, Any]) -> str:
    """What the reader sees of a radiograph, from model.json."""
    margin = f" with {100 * view['margin']:.0f} % of its width and height on each side" if view["margin"] else ""
    around = f"the box of the lungs{margin}"
    return {
        RegionKind.WHOLE: "The reader sees the whole radiograph.",
        RegionKind.LUNG_BOX: f"A small network finds the lungs; the reader sees {around}, and nothing else; where "
        "no lungs are found, the whole radiograph.",
        RegionKind.LUNGS_ALONE: f"A small network finds the lungs; the reader sees {around}, black outside the lung fields; "
        "where no lungs are found, the whole radiograph.",
    }[RegionKind(view["part"])]


def _box_error(error: dict[str, float] | None) -> str:
    if error is None:
        return ""
    return (
        f"The worst of the four edges of the lungs' box is off by {100 * error['mean']:.1f} % of the picture's side on "
        f"average, {100 * error['p95']:.1f} % at the 95th percentile. "
    )


def _size_and_spectrum(size: dict[str, Any] | None, spectrum: dict[str, Any]) -> str:
    of_size = (
        f"A model that sees nothing but width, height and aspect ratio of the original file reaches an AUC of "
        f"{format_estimate(size['auc'])} on {size['n']} validation pictures"
        if size
        else "How much the size of the file tells was not measured"
    )
    return (
        f"What can be told without looking at a lung: {of_size}; one that sees nothing but the power spectrum of the "
        "224 px picture (how much there is of each coarseness, not where) reaches "
        f"{format_estimate(spectrum['auc'])} on {spectrum['n']}. The reader is not told the size: all files are brought "
        "to one first."
    )


def _framing(framing: dict[str, Any]) -> str:
    return (
        "How close around the lungs the film was cropped, as far as the reader can see it: a model that sees nothing "
        f"but that reaches {format_estimate(framing['auc'])} on {framing['n']} validation pictures, where 0.5 is chance."
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


def _masked_lungs(painted: dict[str, Any] | None) -> str:
    if painted is None:
        return "What is left when the lungs are painted over was not measured."
    whole, lungs, outside = (format_estimate(painted[name]["auc"]) for name in ("nothing", "lungs", "outside"))
    return (
        f"With the lungs painted over the reader's AUC is {lungs}: 0.5 is chance, and further from it, on either side, "
        f"means that the class still shows beside them. With everything but the lungs painted over it is {outside}; "
        f"untouched {whole} ({painted['nothing']['n']} validation pictures). No real film is painted over, so this "
        "shows what the reader can use and not what it does use."
    )
