"""The audit of the labelled set in words, the same on the page, in the card and in the shell."""

from collections import Counter
from collections.abc import Iterable

from dataset.quality.audit import duplicate_groups
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, HASH_BITS


def audit_report(found: dict) -> list[str]:
    """Sentences on what `dataset.quality.audit.audit_dataset` found."""
    return [
        _unreadable(found["pictures"], found["unreadable"]),
        _copies(found["copies"]),
        *([_contradictions(found["copies"])] if found["copies"] else []),
        _closest(found["closest_others"]),
        _patients(found["patients"]),
        _outliers(found["odd"]),
    ]


def _unreadable(pictures: int, unreadable: list[dict]) -> str:
    if not unreadable:
        return f"All {pictures:,} pictures can be read."
    return f"{_format_count(len(unreadable), 'picture')} cannot be read ({_names(one['file'] for one in unreadable)})."


def _copies(copies: list[dict]) -> str:
    if not copies:
        return "No picture is a copy of another."
    groups = duplicate_groups(copies)
    exact = sum(pair["exact"] for pair in copies)
    near = len(copies) - exact
    return (
        f"{sum(map(len, groups))} pictures are copies of one another, in {_format_count(len(groups), 'group')}: "
        f"{_format_count(exact, 'exact pair')}, {_format_count(near, 'near pair')}."
    )


def _contradictions(copies: list[dict]) -> str:
    kinds = (
        ("two_labels", "with different labels"),
        ("two_folders", "in two official splits"),
        ("two_splits", "in two of training, validation and test"),
        ("two_patients", "under the names of two patients"),
    )
    said = []
    for kind, words in kinds:
        pairs = [f"{pair['a']} and {pair['b']}" for pair in copies if pair[kind]]
        said.append(f"{len(pairs)} {words}{f' ({_names(pairs)})' if pairs else ''}")
    return f"Of these pairs stand {', '.join(said)}."


def _closest(closest: dict) -> str:
    if closest["bits"] is None:
        return "There are no other pairs to compare."
    return (
        f"Any other two differ by {closest['bits']} of {HASH_BITS} bits of the fingerprint or more (copies by {DUPLICATE_MAX_BITS} "
        f"or fewer), and the reader sees none as more alike than {closest['similarity']:.4f} (1: the same)."
    )


def _patients(patients: dict) -> str:
    said = (
        f"by {key}, {of['patients']:,} patients, {of['in_two_folders']} of them in two official splits and "
        f"{of['in_two_splits']} in two of training, validation and test"
        for key, of in patients.items()
    )
    return f"Patients as the file names tell them: {'; '.join(said)}."


def _outliers(odd: list[dict]) -> str:
    if not odd:
        return "No picture is odd in brightness or contrast, and lungs are found in all."
    kinds = Counter(one["what"] for one in odd)
    said = (
        f"{what}: {count} ({_names(one['file'] for one in odd if one['what'] == what)})"
        for what, count in kinds.items()
    )
    return f"Odd pictures: {'; '.join(said)}."


def _format_count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _names(names: Iterable[str], most: int = 5) -> str:
    shown = list(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more
