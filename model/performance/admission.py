"""Tables of how well wrong pictures are refused, from metrics.json, the same on the page and in the card."""

from typing import Any

from model.performance.formatting import format_estimate

MIN_IMAGES = 30  # pictures that a share is stated of
SET_NAMES = {
    "validation": "validation",
    "shifted": "validation, as other software would show it",
    "test": "official test split",
    "adults": "adults",
}


def admission_sentences(admission: dict[str, Any]) -> list[str]:
    """What the rates are of, for a clinician."""
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


def refusal_sentence(admission: dict[str, Any]) -> str:
    """How often the check errs, in one sentence for those who read no more."""
    test, negatives = admission["test"]["refused"], admission["negatives"]
    measured = [of["accepted"] for of in negatives.values() if of["accepted"]["n"] >= MIN_IMAGES]
    unmeasured = [family for family, of in negatives.items() if of["accepted"]["n"] < MIN_IMAGES]
    worst = max(measured, key=lambda share: share["value"], default=None)
    accepted = f"at most {_format_share(worst)} of a kind" if worst else "an unmeasured share"
    return (
        f"The check of what may be read refuses {_format_share(test)} of the {test['n']} films of the official test split, "
        f"and accepts {accepted} of wrong pictures that were made to measure it ({len(measured)} kinds). Not measured: "
        f"{', '.join(unmeasured) or 'none'}."
    )


def admitted_table(admission: dict[str, Any]) -> list[dict[str, str]]:
    """Of films that may be read: how many are refused, and how many are read with a caution."""
    return [
        {
            "Films": words,
            "Refused": _format_share(of["refused"]),
            "Read with a caution": _format_share(of["cautioned"]),
            "n": str(of["refused"]["n"]),
        }
        for name, words in SET_NAMES.items()
        if (of := admission[name])
    ]


def inadmissible_table(admission: dict[str, Any]) -> list[dict[str, str]]:
    """Of pictures that must not be read, by family: how many are accepted all the same."""
    return [
        {
            "Pictures": family,
            "Accepted": _format_share(of["accepted"]),
            "Named rightly": _format_share(of["named"]),
            "Put right in one step": _format_share(of["remedied"]) if of["remedied"] else "",
            "n": str(of["accepted"]["n"]),
        }
        for family, of in admission["negatives"].items()
    ]


def _format_share(share: dict[str, Any]) -> str:
    return format_estimate(share) if share["n"] >= MIN_IMAGES else "not measured"
