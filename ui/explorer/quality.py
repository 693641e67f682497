"""Data quality: the audit of the labelled set, from the release, and the images that it lists."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dataset.quality.audit import DuplicatePair, duplicate_groups
from dataset.quality.report import audit_report
from model.inference.release_loader import Release
from model.translation import N_, ngettext
from model.translation import gettext as _
from ui.explorer.image_detail import open_image
from ui.gallery import show_gallery
from ui.resources import current_release_data

_CONFLICTS = {
    "two_labels": N_("different labels"),
    "two_folders": N_("different official splits"),
    "two_splits": N_("different splits (training, validation or test)"),
    "two_patients": N_("different patients"),
}


def show_quality(release: Release, rows: pd.DataFrame) -> None:
    """Draw the audit of a release.

    Args:
        release: Release in use.
        rows: All rows of the catalogue.
    """
    audit = current_release_data(release).dataset_audit
    st.markdown(
        _(
            "`python -m dataset audit` checks for duplicates, patients in more than one split, conflicting labels, "
            "unreadable images and outliers. Results for release {version}:"
        ).format(version=release.version)
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in audit_report(audit)))
    outliers = audit["outliers"]
    if outliers:
        st.subheader(_("Outliers"), anchor=False)
        files, notes = zip(*((outlier["file"], _(outlier["feature"])) for outlier in outliers), strict=True)
        show_gallery(rows.loc[list(files)], "outliers", open_image, notes=notes)
    groups = duplicate_groups(audit["duplicates"])
    if groups:
        st.subheader(_("Duplicates"), anchor=False)
        st.dataframe(_duplicates_table(audit["duplicates"]), hide_index=True)
        number = st.selectbox(
            _("Group of duplicates"), range(len(groups)), format_func=lambda number: _group_name(groups[number])
        )
        show_gallery(rows.loc[groups[number]], "duplicates", open_image)


def show_adult_quality() -> None:
    """Draw how to audit the adult data set, which is not part of a release."""
    st.markdown(
        _(
            "This release has no audit of the adult data set. `python -m dataset audit` checks it for duplicates, "
            "patients in more than one split, conflicting labels, unreadable images and outliers."
        )
    )


def _group_name(group: Sequence[str]) -> str:
    n_others = len(group) - 1
    return ngettext("{file} and {n} other image", "{file} and {n} other images", n_others).format(
        file=group[0], n=n_others
    )


def _duplicates_table(pairs: Sequence[DuplicatePair]) -> pd.DataFrame:
    sorted_pairs = sorted(pairs, key=lambda pair: not _conflicts(pair))
    return pd.DataFrame(
        [
            {
                _("First image"): pair["a"],
                _("Second image"): pair["b"],
                _("Duplicate"): _("exact") if pair["exact"] else _("near"),
                _("Differing bits (out of 256)"): pair["bits"],
                _("Similarity (1 = identical)"): round(pair["similarity"], 4),
                _("Conflicts"): ", ".join(map(_, _conflicts(pair))) or _("none"),
            }
            for pair in sorted_pairs
        ]
    )


def _conflicts(pair: DuplicatePair) -> list[str]:
    flags = {
        "two_labels": pair["two_labels"],
        "two_folders": pair["two_folders"],
        "two_splits": pair["two_splits"],
        "two_patients": pair["two_patients"],
    }
    return [_CONFLICTS[key] for key, is_set in flags.items() if is_set]
