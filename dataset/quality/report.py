"""Sentences about the audit of the labelled data set, for the explorer, the model card and the command line."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dataset.quality.audit import (
    DatasetAudit,
    DuplicatePair,
    NearestNonDuplicates,
    Outlier,
    PatientSpread,
    duplicate_groups,
)
from dataset.quality.features import UnreadableFile
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, HASH_BITS
from model.translation import N_, ngettext
from model.translation import gettext as _

# By key of `DatasetAudit.patients`.
_PATIENT_SENTENCES = {
    "series and number": N_(
        "Patients identified by series and number in the file name: {patients:,}. Patients with images in more than "
        "one official split: {folders}; in more than one of training, validation and test: {splits}."
    ),
    "table": N_(
        "Patients identified by the table of the data set: {patients:,}. Patients with images in more than one "
        "official split: {folders}; in more than one of training, validation and test: {splits}."
    ),
    "number alone": N_(
        "Patients identified by number alone: {patients:,}. Patients with images in more than one official split: "
        "{folders}; in more than one of training, validation and test: {splits}."
    ),
}


def audit_report(audit: DatasetAudit) -> list[str]:
    """Describe the result of an audit, with one paragraph for each question."""
    return [
        _unreadable_text(audit["images"], audit["unreadable"]),
        _duplicates_text(audit["duplicates"]),
        *([_conflicts_text(audit["duplicates"])] if audit["duplicates"] else []),
        _nearest_others_text(audit["nearest_others"]),
        _patients_text(audit["patients"]),
        _outliers_text(audit["outliers"]),
    ]


def _unreadable_text(n_readable: int, unreadable: Sequence[UnreadableFile]) -> str:
    if not unreadable:
        return ngettext("{n:,} image can be read.", "All {n:,} images can be read.", n_readable).format(n=n_readable)
    n_unreadable = len(unreadable)
    text = ngettext("{n:,} image cannot be read ({files}).", "{n:,} images cannot be read ({files}).", n_unreadable)
    return text.format(n=n_unreadable, files=_list_names(file["file"] for file in unreadable))


def _duplicates_text(pairs: Sequence[DuplicatePair]) -> str:
    if not pairs:
        return _("There are no duplicate images.")
    groups = duplicate_groups(pairs)
    n_images, n_exact = sum(map(len, groups)), sum(pair["exact"] for pair in pairs)
    n_near = len(pairs) - n_exact
    return _("Duplicates: {images} in {groups} ({exact}, {near}).").format(
        images=ngettext("{n} image", "{n} images", n_images).format(n=n_images),
        groups=ngettext("{n} group", "{n} groups", len(groups)).format(n=len(groups)),
        exact=ngettext("{n} exact pair", "{n} exact pairs", n_exact).format(n=n_exact),
        near=ngettext("{n} near-duplicate pair", "{n} near-duplicate pairs", n_near).format(n=n_near),
    )


def _conflicts_text(pairs: Sequence[DuplicatePair]) -> str:
    """Return a sentence for each way in which duplicates can conflict: label, official split, split and patient."""
    labels = [pair for pair in pairs if pair["two_labels"]]
    folders = [pair for pair in pairs if pair["two_folders"]]
    splits = [pair for pair in pairs if pair["two_splits"]]
    patients = [pair for pair in pairs if pair["two_patients"]]
    return " ".join(
        (
            _conflict_sentence(
                labels,
                _("No duplicate pair has conflicting labels."),
                ngettext(
                    "{n} duplicate pair has conflicting labels ({files}).",
                    "{n} duplicate pairs have conflicting labels ({files}).",
                    len(labels),
                ),
            ),
            _conflict_sentence(
                folders,
                _("No duplicate pair spans two official splits."),
                ngettext(
                    "{n} duplicate pair spans two official splits ({files}).",
                    "{n} duplicate pairs span two official splits ({files}).",
                    len(folders),
                ),
            ),
            _conflict_sentence(
                splits,
                _("No duplicate pair spans more than one of training, validation and test."),
                ngettext(
                    "{n} duplicate pair spans more than one of training, validation and test ({files}).",
                    "{n} duplicate pairs span more than one of training, validation and test ({files}).",
                    len(splits),
                ),
            ),
            _conflict_sentence(
                patients,
                _("No duplicate pair belongs to two patients."),
                ngettext(
                    "{n} duplicate pair belongs to two patients ({files}).",
                    "{n} duplicate pairs belong to two patients ({files}).",
                    len(patients),
                ),
            ),
        )
    )


def _conflict_sentence(pairs: Sequence[DuplicatePair], none: str, some: str) -> str:
    if not pairs:
        return none
    files = _list_names(_("{first} and {second}").format(first=pair["a"], second=pair["b"]) for pair in pairs)
    return some.format(n=len(pairs), files=files)


def _nearest_others_text(closest: NearestNonDuplicates) -> str:
    if closest["bits"] is None:
        return _("There are no other pairs to compare.")
    return _(
        "All other pairs differ in at least {bits} out of {hash_bits} bits of the perceptual hash (duplicates: at most "
        "{max_bits}), and the similarity of their embeddings is at most {similarity:.4f} (1 = identical)."
    ).format(bits=closest["bits"], hash_bits=HASH_BITS, max_bits=DUPLICATE_MAX_BITS, similarity=closest["similarity"])


def _patients_text(patients: Mapping[str, PatientSpread]) -> str:
    return " ".join(
        _(_PATIENT_SENTENCES[key]).format(
            patients=spread["patients"], folders=spread["in_two_folders"], splits=spread["in_two_splits"]
        )
        for key, spread in patients.items()
    )


def _outliers_text(outliers: Sequence[Outlier]) -> str:
    if not outliers:
        return _("There are no outliers in brightness or contrast, and lungs were found in every image.")
    counts = Counter(outlier["feature"] for outlier in outliers)
    kinds = "; ".join(
        _("{feature}: {n} ({files})").format(
            feature=_(feature),
            n=count,
            files=_list_names(outlier["file"] for outlier in outliers if outlier["feature"] == feature),
        )
        for feature, count in counts.items()
    )
    return _("Outliers: {kinds}.").format(kinds=kinds)


def _list_names(names: Iterable[str], max_names: int = 5) -> str:
    """Join names with commas. For a long list, show only the first names and how many there are besides them."""
    listed = list(names)
    shown = ", ".join(listed[:max_names])
    if len(listed) <= max_names:
        return shown
    return _("{names} and {n} more").format(names=shown, n=len(listed) - max_names)
