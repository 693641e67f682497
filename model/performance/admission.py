"""Error rates of the admission check, in tables and sentences for the page and the model card."""

from model.performance.formatting import format_estimate, set_name
from model.performance.schema import AdmissionMetrics, CountedEstimate, RefusalRates
from model.translation import N_, ngettext
from model.translation import gettext as _

MIN_IMAGES = 30  # a share measured on fewer images is not stated

# Families of unsuitable images in metrics.json, marked for translation.
_FAMILIES = (
    N_("rotated by 90 degrees"),
    N_("upside down"),
    N_("inverted"),
    N_("inverted and rotated"),
    N_("washed out"),
    N_("grey values clipped"),
    N_("screenshots of a radiograph"),
    N_("one lung"),
    N_("upper or lower half"),
    N_("small part"),
    N_("blank images and gradients"),
    N_("noise"),
    N_("textures"),
    N_("drawings"),
    N_("synthetic chest radiographs"),
    N_("documents"),
    N_("photographs"),
    N_("MR slices"),
    N_("synthetic CT slices"),
    N_("synthetic limb radiographs"),
    N_("lateral chest radiographs"),
    N_("radiographs of other body parts"),
    N_("CT slices of patients"),
)


def admission_sentences(admission: AdmissionMetrics) -> list[str]:
    """Explain the check and its error rates to a clinician."""
    mirrored = admission["mirrored"]
    return [
        _(
            "Every image is checked before it is read. The check is meant to accept only frontal chest X-rays "
            "that are upright, have normal grey levels (black and white not swapped) and show both lungs completely. "
            "Partly cropped images may pass. Refused images are shown with a reason and read only at the user's "
            "request."
        ),
        _(
            "The check was trained on the training images and on unsuitable images: altered radiographs, synthetic "
            "images and example images from public Python packages. The threshold was adjusted on validation images, "
            "so the rates for validation images are slightly optimistic. The unsuitable images below were made from "
            "validation images, or with methods and from sources that were not used for training. Real unsuitable "
            "images may be accepted more often."
        ),
        _(
            "The caution that left and right may be swapped was given for {share} of mirrored validation images (n = "
            "{n})."
        ).format(share=_format_share(mirrored), n=mirrored["n"]),
    ]


def refusal_sentence(admission: AdmissionMetrics) -> str:
    """Summarise how often the check errs."""
    test, negatives = admission["test"]["refused"], admission["negatives"]
    measured = [rates["accepted"] for rates in negatives.values() if rates["accepted"]["n"] >= MIN_IMAGES]
    unmeasured = [family for family, rates in negatives.items() if rates["accepted"]["n"] < MIN_IMAGES]
    sentences = [
        _("The admission check has a refusal rate of {share} on the official test split (n = {n}).").format(
            share=_format_share(test), n=test["n"]
        )
    ]
    if measured:
        highest = max(measured, key=lambda share: share["value"])
        sentences.append(
            ngettext(
                "It was tested on {kinds} kind of unsuitable image; the acceptance rate is {share}.",
                "It was tested on {kinds} kinds of unsuitable image; the highest acceptance rate for any kind is "
                "{share}.",
                len(measured),
            ).format(kinds=len(measured), share=_format_share(highest))
        )
    if unmeasured:
        sentences.append(_("Not measured: {families}.").format(families=", ".join(map(_, unmeasured))))
    return " ".join(sentences)


def admitted_table(admission: AdmissionMetrics) -> list[dict[str, str]]:
    """Tabulate acceptable images: how many are refused, and how many are read with a caution."""
    sets: dict[str, RefusalRates | None] = {
        "validation": admission["validation"],
        "shifted": admission["shifted"],
        "test": admission["test"],
        "adults": admission["adults"],
    }
    return [
        {
            _("Images"): set_name(name),
            _("Refused"): _format_share(rates["refused"]),
            _("Read with a caution"): _format_share(rates["cautioned"]),
            _("n"): str(rates["refused"]["n"]),
        }
        for name, rates in sets.items()
        if rates
    ]


def inadmissible_table(admission: AdmissionMetrics) -> list[dict[str, str]]:
    """Tabulate unsuitable images by family: how many are accepted, and how many refusals state the correct reason."""
    return [
        {
            _("Unsuitable images"): _(family),
            _("Accepted"): _format_share(rates["accepted"]),
            _("Correct reason"): _format_share(rates["named"]),
            _("Correction offered"): _format_share(rates["corrected"]) if rates["corrected"] else "",
            _("n"): str(rates["accepted"]["n"]),
        }
        for family, rates in admission["negatives"].items()
    ]


def _format_share(share: CountedEstimate) -> str:
    return format_estimate(share) if share["n"] >= MIN_IMAGES else _("not measured")
