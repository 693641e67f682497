"""Shortcut audit, lung network and input region in sentences, the same on the page and in the model card."""

from model.codes import SplitName
from model.inference.input_region import RegionKind
from model.inference.release_schema import RegionDescription
from model.performance.formatting import format_estimate, format_percent
from model.performance.schema import BoxErrors, LungMetrics, MaskedLungs, ScaledCopies, ShortcutAudit, SizedAuc


def audit_sentences(audit: ShortcutAudit) -> list[str]:
    """Describe the shortcut audit, one or two sentences per question."""
    return [
        _size_and_spectrum_sentence(audit["size_alone"], audit["spectrum_alone"]),
        _framing_sentence(audit["framing_alone"]),
        _scaled_copies_sentence(audit["scaled_copies"]),
        _masked_lungs_sentence(audit["painted_over"]),
    ]


def strata_table(audit: ShortcutAudit) -> list[dict[str, str]]:
    """Tabulate the AUC among images of similar original width: a row per split and stratum, none if not measured."""
    return [
        {
            "Split": split,
            "Original width": f"{stratum['narrowest']}-{stratum['widest']} px",
            "AUC": format_estimate(stratum["auc"]) if stratum["auc"] else "too few of one class",
            "Pictures": str(stratum["n"]),
            "With pneumonia": str(stratum["positives"]),
        }
        for split in (SplitName.TEST, SplitName.VALIDATION)
        for stratum in (audit["size_strata"] or {}).get(split, [])
    ]


def segmentation_sentence(lungs: LungMetrics | None) -> str:
    """Describe how well the lung network finds the lungs."""
    if lungs is None:
        return "How well the lungs are found was not measured."
    return (
        f"On {lungs['n']} validation pictures of {lungs['patients']} patients whose lung fields people drew, Dice is "
        f"{lungs['dice']['mean']:.3f} on average and at least {lungs['dice']['p05']:.3f} in 95 % of them. "
        + _box_error_sentence(lungs["box_error"])
        + f"No lungs were found in {lungs['not_found']}."
    )


def input_region_sentence(region: RegionDescription) -> str:
    """Describe which part of a radiograph the classifier sees; `region` is the entry of model.json."""
    margin = (
        f" with {format_percent(region['margin'])} of its width and height on each side" if region["margin"] else ""
    )
    lung_box = f"the box of the lungs{margin}"
    return {
        RegionKind.WHOLE: "The reader sees the whole radiograph.",
        RegionKind.LUNG_BOX: f"A small network finds the lungs; the reader sees {lung_box}, and nothing else; where "
        "no lungs are found, the whole radiograph.",
        RegionKind.LUNGS_ALONE: f"A small network finds the lungs; the reader sees {lung_box}, black outside the lung "
        "fields; where no lungs are found, the whole radiograph.",
    }[RegionKind(region["kind"])]


def _box_error_sentence(error: BoxErrors | None) -> str:
    if error is None:
        return ""
    return (
        f"The worst of the four edges of the lungs' box is off by {format_percent(error['mean'], 1)} of the picture's "
        f"side on average, {format_percent(error['p95'], 1)} at the 95th percentile. "
    )


def _size_and_spectrum_sentence(size: SizedAuc | None, spectrum: SizedAuc) -> str:
    size_clause = (
        f"A model that sees nothing but width, height and aspect ratio of the original file reaches an AUC of "
        f"{format_estimate(size['auc'])} on {size['n']} validation pictures"
        if size
        else "How much the size of the file tells was not measured"
    )
    return (
        f"What can be told without looking at a lung: {size_clause}; one that sees nothing but the power spectrum of "
        "the 224 px picture (how much there is of each coarseness, not where) reaches "
        f"{format_estimate(spectrum['auc'])} on {spectrum['n']}. The reader is not told the size: all files are "
        "brought to one first."
    )


def _framing_sentence(framing: SizedAuc) -> str:
    return (
        "How close around the lungs the film was cropped, as far as the reader can see it: a model that sees nothing "
        f"but that reaches {format_estimate(framing['auc'])} on {framing['n']} validation pictures, where 0.5 is "
        "chance."
    )


def _scaled_copies_sentence(copies: ScaledCopies | None) -> str:
    if copies is None:
        return "Whether the same film at another size reads alike was not measured."
    clauses = [
        f"the {side} px copy by {copy['mean_change']:.3f} on average and {copy['largest_change']:.3f} at most "
        f"({_threshold_changes(copy['verdicts_changed'])})"
        for side, copy in (("224", copies["224"]), ("512", copies["512"]))
    ]
    return (
        f"The same film at another size: {copies['n']} films in original size differ in probability from "
        f"{', from '.join(clauses)}."
    )


def _threshold_changes(verdicts: int) -> str:
    """Count verdicts that cross the threshold; indeterminate verdicts are not treated apart."""
    return "1 changes the side of the threshold" if verdicts == 1 else f"{verdicts} change the side of the threshold"


def _masked_lungs_sentence(masked: MaskedLungs | None) -> str:
    if masked is None:
        return "What is left when the lungs are painted over was not measured."
    return (
        f"With the lungs painted over the reader's AUC is {format_estimate(masked['lungs']['auc'])}: 0.5 is chance, "
        "and further from it, on either side, means that the class still shows beside them. With everything but the "
        f"lungs painted over it is {format_estimate(masked['outside']['auc'])}; untouched "
        f"{format_estimate(masked['nothing']['auc'])} ({masked['nothing']['n']} validation pictures). No real film is "
        "painted over, so this shows what the reader can use and not what it does use."
    )
