"""Shortcut audit, lung network and input region, in sentences for the page and the model card."""

from model.codes import Label, SplitName
from model.inference.input_region import RegionKind
from model.inference.release_schema import RegionDescription
from model.performance.formatting import format_estimate, format_percent
from model.performance.schema import LungMetrics, MaskedLungs, ScaledCopies, ScaledCopy, ShortcutAudit, SizedAuc
from model.performance.terms import term
from model.translation import N_, ngettext
from model.translation import gettext as _

_POPULATION_FEATURES = {
    "file_size": N_("size of the file in bytes"),
    "framing": N_("position of the lungs in the image"),
    "spectrum": N_("power spectrum"),
}


def audit_sentences(audit: ShortcutAudit) -> list[str]:
    """Describe the shortcut audit, with one or two sentences per question."""
    return [
        _size_sentence(audit["size_alone"]),
        _spectrum_sentence(audit["spectrum_alone"]),
        _framing_sentence(audit["framing_alone"]),
        _scaled_copies_sentence(audit["scaled_copies"]),
        _masked_lungs_sentence(audit["painted_over"]),
        *_population_sentences(audit.get("population_alone")),
    ]


def strata_table(audit: ShortcutAudit) -> list[dict[str, str]]:
    """Tabulate the AUC among images of similar original width: a row per split and stratum; none if unmeasured."""
    return [
        {
            _("Split"): term(split),
            _("Original width"): _("{minimum}-{maximum} px").format(
                minimum=stratum["narrowest"], maximum=stratum["widest"]
            ),
            _("AUC"): format_estimate(stratum["auc"]) if stratum["auc"] else _("too few of one class"),
            _("Images"): str(stratum["n"]),
            _("With pneumonia"): str(stratum["positives"]),
        }
        for split in (SplitName.TEST, SplitName.VALIDATION)
        for stratum in (audit["size_strata"] or {}).get(split, [])
    ]


def segmentation_sentence(lungs: LungMetrics | None) -> str:
    """Describe the quality of the lung segmentation."""
    if lungs is None:
        return _("The quality of the lung segmentation was not measured.")
    sentences = [
        _(
            "On {n} validation images of {patients} patients with manual lung masks, the mean Dice coefficient is "
            "{mean:.3f}; it is at least {p05:.3f} for 95% of the images."
        ).format(n=lungs["n"], patients=lungs["patients"], mean=lungs["dice"]["mean"], p05=lungs["dice"]["p05"])
    ]
    if error := lungs["box_error"]:
        sentences.append(
            _(
                "The least accurate edge of the lung box is off by {mean} of the image width or height on average, and "
                "by {p95} at the 95th percentile."
            ).format(mean=format_percent(error["mean"], 1), p95=format_percent(error["p95"], 1))
        )
    if n := lungs["not_found"]:
        not_found = ngettext("No lungs were found in {n} image.", "No lungs were found in {n} images.", n)
        sentences.append(not_found.format(n=n))
    else:
        sentences.append(_("Lungs were found in every image."))
    return " ".join(sentences)


def input_region_sentence(region: RegionDescription) -> str:
    """Describe which part of a radiograph the classifier sees; `region` is the entry in model.json."""
    kind, margin = RegionKind(region["kind"]), region["margin"]
    if kind is RegionKind.WHOLE:
        return _("The model sees the whole radiograph.")
    sentences = [_("A small network finds the lungs, and the model sees only the bounding box of the lungs.")]
    if margin:
        sentences.append(
            _("The box is extended by {margin} of its width and height on each side.").format(
                margin=format_percent(margin)
            )
        )
    if kind is RegionKind.LUNGS_ALONE:
        sentences.append(_("Everything outside the lung fields is black."))
    sentences.append(_("If no lungs are found, the model sees the whole radiograph."))
    return " ".join(sentences)


def _size_sentence(size: SizedAuc | None) -> str:
    if size is None:
        return _("How well the image size alone predicts the class was not measured.")
    return _(
        "Image size: a model given only the width, height and aspect ratio of the original file reaches an AUC of "
        "{auc} on {n} validation images. The released model does not get the size: all images are resized to a fixed "
        "size first."
    ).format(auc=format_estimate(size["auc"]), n=size["n"])


def _spectrum_sentence(spectrum: SizedAuc) -> str:
    return _(
        "Texture: a model given only the power spectrum of the 224-pixel image (the amount of detail at each "
        "scale, not its position) reaches an AUC of {auc} on {n} validation images."
    ).format(auc=format_estimate(spectrum["auc"]), n=spectrum["n"])


def _framing_sentence(framing: SizedAuc) -> str:
    auc = framing["auc"]
    if auc["low"] == auc["value"] == auc["high"] == 0.5:  # the same framing in every image
        return _(
            "Framing: a model given only how closely the radiograph is cropped around the lungs, to the extent that "
            "the released model sees it, reaches an AUC of 0.5 (chance) on {n} validation images, by design: cropping "
            "to the lung box removes the framing."
        ).format(n=framing["n"])
    return _(
        "Framing: a model given only how closely the radiograph is cropped around the lungs, to the extent that the "
        "released model sees it, reaches an AUC of {auc} on {n} validation images (0.5 is chance)."
    ).format(auc=format_estimate(auc), n=framing["n"])


def _scaled_copies_sentence(copies: ScaledCopies | None) -> str:
    if copies is None:
        return _("Whether a smaller copy of an image gets the same result was not measured.")
    sentences = [
        _("Scale: {n} radiographs at their original size were compared with smaller copies.").format(n=copies["n"]),
        _scaled_copy_sentence("224", copies["224"]),
        _scaled_copy_sentence("512", copies["512"]),
    ]
    return " ".join(sentences)


def _scaled_copy_sentence(side: str, copy: ScaledCopy) -> str:
    """Describe the copies of one size; an indeterminate verdict counts by its side of the threshold."""
    return _(
        "The probability of the {side}-pixel copy differs by {mean:.3f} on average and by {maximum:.3f} at most. "
        "Number of copies on the other side of the decision threshold: {n}."
    ).format(side=side, mean=copy["mean_change"], maximum=copy["largest_change"], n=copy["verdicts_changed"])


def _population_sentences(populations: dict[str, dict[str, SizedAuc]] | None) -> list[str]:
    """Describe how well each feature distinguishes adults from children; nothing if they were not both measured."""
    if not populations:
        return []
    sentence = _(
        "Population: a model given only the {feature} distinguishes adults from children with an AUC of {normal} "
        "among normal images and {pneumonia} among images with pneumonia (0.5 is chance)."
    )
    return [
        sentence.format(
            feature=_(_POPULATION_FEATURES[name]),
            normal=format_estimate(by_label[Label.NORMAL]["auc"]),
            pneumonia=format_estimate(by_label[Label.PNEUMONIA]["auc"]),
        )
        for name, by_label in populations.items()
    ]


def _masked_lungs_sentence(masked: MaskedLungs | None) -> str:
    if masked is None:
        return _("The effect of masking the lungs was not measured.")
    return _(
        "Masking: on {n} validation images, the AUC of the model is {nothing} without masking, {lungs} with the lungs "
        "masked and {outside} with everything but the lungs masked. With the lungs masked, an AUC far from 0.5 in "
        "either direction means that the class is visible outside the lungs. Real radiographs are not masked, so this "
        "shows what the model can use, not what it does use."
    ).format(
        n=masked["nothing"]["n"],
        nothing=format_estimate(masked["nothing"]["auc"]),
        lungs=format_estimate(masked["lungs"]["auc"]),
        outside=format_estimate(masked["outside"]["auc"]),
    )
