"""Data quality: the audit of the labelled set that the release carries, and the images that it names."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dataset.quality.audit import duplicate_groups
from dataset.quality.report import audit_report
from model.inference.release_loader import Release
from ui.explorer.image_detail import open_image
from ui.gallery import show_gallery
from ui.resources import current_release_data

_CONTRADICTIONS = {
    "two_labels": "different labels",
    "two_folders": "two official splits",
    "two_splits": "training, validation and test mixed",
    "two_patients": "names of two patients",
}


def show_quality(release: Release, rows: pd.DataFrame) -> None:
    """Draw the audit of a release.

    Args:
        release: Release in use.
        rows: All rows of the catalogue.
    """
    audit = current_release_data(release).dataset_audit
    st.markdown(
        "`python -m dataset audit` looks for copies of films, patients in two parts of the set, labels that contradict "
        f"each other, and pictures that cannot be read or are odd. For release {release.version} it found:"
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in audit_report(audit)))
    outliers = audit["odd"]
    if outliers:
        st.subheader("Odd pictures", anchor=False)
        files, notes = zip(*((outlier["file"], outlier["what"]) for outlier in outliers), strict=True)
        show_gallery(rows.loc[list(files)], "odd", open_image, notes=notes)
    groups = duplicate_groups(audit["copies"])
    if groups:
        st.subheader("Copies of one film", anchor=False)
        st.dataframe(_duplicates_table(audit["copies"]), hide_index=True)
        number = st.selectbox(
            "Look at", range(len(groups)), format_func=lambda n: f"{groups[n][0]} and {len(groups[n]) - 1} more"
        )
        show_gallery(rows.loc[groups[number]], "copies", open_image)


def _duplicates_table(pairs: Sequence[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "First": pair["a"],
                "Second": pair["b"],
                "Copy": "exact" if pair["exact"] else "near",
                "Bits that differ, of 256": pair["bits"],
                "Alike to the reader (1: the same)": round(pair["similarity"], 4),
                "Stands under": ", ".join(text for key, text in _CONTRADICTIONS.items() if pair[key])
                or "one patient, one label",
            }
            for pair in sorted(pairs, key=lambda pair: not any(pair[key] for key in _CONTRADICTIONS))
        ]
    )
