"""The audit of the labelled set in sentences, the same on the page, in the model card and on the command line."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dataset.quality.audit import (
    ClosestOthers,
    DatasetAudit,
    DuplicatePair,
    Outlier,
    PatientSpread,
    duplicate_groups,
)
from dataset.quality.features import UnreadableFile
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, HASH_BITS


def audit_report(audit: DatasetAudit) -> list[str]:
    """Describe the result of an audit, one sentence per question."""
    return [
        _unreadable_sentence(audit["pictures"], audit["unreadable"]),
        _copies_sentence(audit["copies"]),
        *([_contradictions_sentence(audit["copies"])] if audit["copies"] else []),
        _closest_others_sentence(audit["closest_others"]),
        _patients_sentence(audit["patients"]),
        _outliers_sentence(audit["odd"]),
    ]


def _unreadable_sentence(n_readable: int, unreadable: Sequence[UnreadableFile]) -> str:
    if not unreadable:
        return f"All {n_readable:,} pictures can be read."
    files = _list_names(file["file"] for file in unreadable)
    return f"{_format_count(len(unreadable), 'picture')} cannot be read ({files})."


def _copies_sentence(copies: Sequence[DuplicatePair]) -> str:
    if not copies:
        return "No picture is a copy of another."
    groups = duplicate_groups(copies)
    exact = sum(pair["exact"] for pair in copies)
    near = len(copies) - exact
    return (
        f"{sum(map(len, groups))} pictures are copies of one another, in {_format_count(len(groups), 'group')}: "
        f"{_format_count(exact, 'exact pair')}, {_format_count(near, 'near pair')}."
    )


def _contradictions_sentence(copies: Sequence[DuplicatePair]) -> str:
    pairs_by_kind = {
        "with different labels": [pair for pair in copies if pair["two_labels"]],
        "in two official splits": [pair for pair in copies if pair["two_folders"]],
        "in two of training, validation and test": [pair for pair in copies if pair["two_splits"]],
        "under the names of two patients": [pair for pair in copies if pair["two_patients"]],
    }
    clauses = []
    for kind, pairs in pairs_by_kind.items():
        files = _list_names(f"{pair['a']} and {pair['b']}" for pair in pairs)
        clauses.append(f"{len(pairs)} {kind} ({files})" if pairs else f"{len(pairs)} {kind}")
    return f"Of these pairs stand {', '.join(clauses)}."


def _closest_others_sentence(closest: ClosestOthers) -> str:
    if closest["bits"] is None:
        return "There are no other pairs to compare."
    return (
        f"Any other two differ by {closest['bits']} of {HASH_BITS} bits of the fingerprint or more (copies by "
        f"{DUPLICATE_MAX_BITS} or fewer), and the reader sees none as more alike than {closest['similarity']:.4f} (1: "
        "the same)."
    )


def _patients_sentence(patients: Mapping[str, PatientSpread]) -> str:
    clauses = (
        f"by {key}, {spread['patients']:,} patients, {spread['in_two_folders']} of them in two official splits and "
        f"{spread['in_two_splits']} in two of training, validation and test"
        for key, spread in patients.items()
    )
    return f"Patients as the file names tell them: {'; '.join(clauses)}."


def _outliers_sentence(outliers: Sequence[Outlier]) -> str:
    if not outliers:
        return "No picture is odd in brightness or contrast, and lungs are found in all."
    counts = Counter(outlier["what"] for outlier in outliers)
    clauses = (
        f"{kind}: {count} ({_list_names(outlier['file'] for outlier in outliers if outlier['what'] == kind)})"
        for kind, count in counts.items()
    )
    return f"Odd pictures: {'; '.join(clauses)}."


def _format_count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _list_names(names: Iterable[str], max_names: int = 5) -> str:
    """Join names with commas; of a long list, only the first ones and the number of the others."""
    listed = list(names)
    rest = f" and {len(listed) - max_names} more" if len(listed) > max_names else ""
    return ", ".join(listed[:max_names]) + rest
