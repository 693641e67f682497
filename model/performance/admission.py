"""Error rates of the admission check in tables and sentences, the same on the page and in the model card."""

from model.performance.formatting import SET_NAMES, format_estimate
from model.performance.schema import AdmissionMetrics, CountedEstimate, RefusalRates

MIN_IMAGES = 30  # a share of fewer images is not stated


def admission_sentences(admission: AdmissionMetrics) -> list[str]:
    """Explain to a clinician what the rates refer to."""
    mirrored = admission["mirrored"]
    return [
        "Before a picture is read it is checked: whether it is a radiograph, of two lungs, upright, whole, and with "
        "black and white the right way round. What fails is refused with a reason, and read only if the user insists.",
        "The check learned from training films and from wrong pictures made of them, drawn, or taken from sample "
        "pictures. Its threshold refuses a given share of training films, by networks that had not seen the patient, "
        "and is lowered where it would refuse more than 1 % of validation, so its rates there flatter a little. The "
        "wrong pictures below are of validation films, or of makings and sources that the check did not learn from; "
        "real ones may fool it more often.",
        f"Of mirrored validation films {_format_share(mirrored)} meet the caution that left and right may be swapped "
        f"({mirrored['n']} films).",
    ]


def refusal_sentence(admission: AdmissionMetrics) -> str:
    """Summarise how often the check errs."""
    test, negatives = admission["test"]["refused"], admission["negatives"]
    measured = [rates["accepted"] for rates in negatives.values() if rates["accepted"]["n"] >= MIN_IMAGES]
    unmeasured = [family for family, rates in negatives.items() if rates["accepted"]["n"] < MIN_IMAGES]
    worst = max(measured, key=lambda share: share["value"], default=None)
    accepted = f"at most {_format_share(worst)} of a kind" if worst else "an unmeasured share"
    return (
        f"The check of what may be read refuses {_format_share(test)} of the {test['n']} films of the official test "
        f"split, and accepts {accepted} of wrong pictures that were made to measure it ({len(measured)} kinds). Not "
        f"measured: {', '.join(unmeasured) or 'none'}."
    )


def admitted_table(admission: AdmissionMetrics) -> list[dict[str, str]]:
    """Tabulate images that may be read: how many are refused, and how many are read with a caution."""
    sets: dict[str, RefusalRates | None] = {
        "validation": admission["validation"],
        "shifted": admission["shifted"],
        "test": admission["test"],
        "adults": admission["adults"],
    }
    return [
        {
            "Films": SET_NAMES[name],
            "Refused": _format_share(rates["refused"]),
            "Read with a caution": _format_share(rates["cautioned"]),
            "n": str(rates["refused"]["n"]),
        }
        for name, rates in sets.items()
        if rates
    ]


def inadmissible_table(admission: AdmissionMetrics) -> list[dict[str, str]]:
    """Tabulate images that must not be read, by family: how many are accepted all the same."""
    return [
        {
            "Pictures": family,
            "Accepted": _format_share(rates["accepted"]),
            "Named rightly": _format_share(rates["named"]),
            "Put right in one step": _format_share(rates["corrected"]) if rates["corrected"] else "",
            "n": str(rates["accepted"]["n"]),
        }
        for family, rates in admission["negatives"].items()
    ]


def _format_share(share: CountedEstimate) -> str:
    return format_estimate(share) if share["n"] >= MIN_IMAGES else "not measured"
