"""Error rates of the admission check, in tables and sentences for the page and the model card."""

from model.performance.formatting import format_estimate, set_name
from model.performance.schema import AdmissionMetrics, CountedEstimate, NegativeRates, RefusalRates
from model.translation import N_, ngettext
from model.translation import gettext as _

MIN_IMAGES = 30  # a share measured on fewer images is not stated, only how many of them

# Populations in metrics.json, marked for translation.
_POPULATION_NAMES = {"children": N_("children"), "adults": N_("adults")}

# Families of unsuitable images in metrics.json, marked for translation.
_FAMILIES = (
    N_("rotated by 90 degrees"),
    N_("upside down"),
    N_("inverted"),
    N_("inverted and rotated"),
    N_("washed out"),
    N_("grey values clipped"),
    N_("almost black or white"),
    N_("screenshots of a radiograph"),
    N_("windows of a viewer"),
    N_("photographs of a monitor"),
    N_("one lung"),
    N_("upper or lower half"),
    N_("small part"),
    N_("upper part cut off"),
    N_("upper part covered"),
    N_("lower part cut off"),
    N_("lower part covered"),
    N_("left or right part cut off"),
    N_("left or right part covered"),
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
    N_("radiographs of hands"),
    N_("radiographs of knees"),
    N_("panoramic dental radiographs"),
    N_("periapical dental radiographs"),
    N_("CT slices of patients"),
    N_("MR slices of patients"),
)


def admission_sentences(admission: AdmissionMetrics) -> list[str]:
    """Explain the check and its error rates to a clinician."""
    mirrored, real = admission["mirrored"], admission["not_chest"]
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
            "validation images, or with methods and from sources that were not used for training."
        ),
        _real_images_sentence(real) if real else _("Real unsuitable images may be accepted more often."),
        _(
            "The caution that left and right may be swapped was given for {share} of mirrored validation images (n = "
            "{n})."
        ).format(share=_format_share(mirrored), n=mirrored["n"]),
    ]


def _real_images_sentence(real: NegativeRates) -> str:
    return _(
        "Some of the unsuitable images are real: radiographs of other body parts, lateral chest radiographs, and CT "
        "and MR slices. Of those that were not used for training, {share} were accepted (n = {n}). They come from the "
        "same collections as those used for training, so images from elsewhere may be accepted more often."
    ).format(share=_format_share(real["accepted"]), n=real["accepted"]["n"])


def refusal_sentence(admission: AdmissionMetrics) -> str:
    """Summarise how often the check errs."""
    negatives = admission["negatives"]
    measured = [rates["accepted"] for rates in negatives.values() if rates["accepted"]["n"] >= MIN_IMAGES]
    unmeasured = [family for family, rates in negatives.items() if not rates["accepted"]["n"]]
    sentences = [
        _("The admission check has a refusal rate of {share} on the {images} (n = {n}).").format(
            share=_format_share(rates["test"]["refused"]),
            images=_set_of_population("test", population, admission),
            n=rates["test"]["refused"]["n"],
        )
        for population, rates in admission["populations"].items()
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
    if real := admission["not_chest"]:
        sentences.append(
            _("It accepts {share} of real images that are not frontal chest X-rays (n = {n}).").format(
                share=_format_share(real["accepted"]), n=real["accepted"]["n"]
            )
        )
    if unmeasured:
        sentences.append(_("Not measured: {families}.").format(families=", ".join(map(_, unmeasured))))
    return " ".join(sentences)


def admitted_table(admission: AdmissionMetrics) -> list[dict[str, str]]:
    """Tabulate acceptable images: how many are refused, and how many are read with a caution."""
    sets: dict[str, RefusalRates | None] = {}
    for population, rates in admission["populations"].items():
        sets |= {
            _set_of_population("validation", population, admission): rates["validation"],
            _set_of_population("shifted", population, admission): rates["shifted"],
            _set_of_population("test", population, admission): rates["test"],
        }
    return [
        {
            _("Images"): name,
            _("Refused"): _format_share(measured["refused"]),
            _("Read with a caution"): _format_share(measured["cautioned"]),
            _("n"): str(measured["refused"]["n"]),
        }
        for name, measured in (sets | {set_name("adults"): admission["adults"]}).items()
        if measured
    ]


def _set_of_population(name: str, population: str, admission: AdmissionMetrics) -> str:
    """Return the name of a measured set, with the population if there are several."""
    if len(admission["populations"]) == 1:
        return set_name(name)
    return _("{images}: {population}").format(images=set_name(name), population=_(_POPULATION_NAMES[population]))


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
    """Format a share with its interval; of fewer than MIN_IMAGES images, how many they are."""
    if not share["n"]:
        return _("not measured")
    if share["n"] >= MIN_IMAGES:
        return format_estimate(share)
    return _("{count} of {n}").format(count=round(share["value"] * share["n"]), n=share["n"])
