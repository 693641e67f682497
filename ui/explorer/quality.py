"""What is wrong or odd in the labelled set, as the release's audit found it, and the pictures that it names."""

import pandas as pd
import streamlit as st

from dataset.quality.audit import duplicate_groups
from dataset.quality.report import audit_report
from model.inference.release_loader import Release
from ui.explorer.image_detail import open_image
from ui.gallery import gallery
from ui.resources import current_release_data

_DUPLICATE_TYPES = {
    "two_labels": "different labels",
    "two_folders": "two official splits",
    "two_splits": "training, validation and test mixed",
    "two_patients": "names of two patients",
}


def show_quality(release: Release, rows: pd.DataFrame) -> None:
    """Draw the audit that the release carries; `rows_of` are those of the whole set."""
    found = current_release_data(release).data_audit
    st.markdown(
        "`python -m dataset audit` looks for copies of films, patients in two parts of the set, labels that contradict "
        f"each other, and pictures that cannot be read or are odd. For release {release.version} it found:"
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in audit_report(found)))
    odd = [one["file"] for one in found["odd"]]
    if odd:
        st.subheader("Odd pictures", anchor=False)
        gallery(rows.loc[odd], "odd", open_image, notes=[one["what"] for one in found["odd"]])
    groups = duplicate_groups(found["copies"])
    if groups:
        st.subheader("Copies of one film", anchor=False)
        st.dataframe(_pairs(found["copies"]), hide_index=True)
        number = st.selectbox(
            "Look at", range(len(groups)), format_func=lambda n: f"{groups[n][0]} and {len(groups[n]) - 1} more"
        )
        gallery(rows.loc[groups[number]], "copies", open_image)


def _pairs(copies: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "First": pair["a"],
                "Second": pair["b"],
                "Copy": "exact" if pair["exact"] else "near",
                "Bits that differ, of 256": pair["bits"],
                "Alike to the reader (1: the same)": round(pair["similarity"], 4),
                "Stands under": ", ".join(words for kind, words in _DUPLICATE_TYPES.items() if pair[kind])
                or "one patient, one label",
            }
            for pair in sorted(copies, key=lambda pair: not any(pair[kind] for kind in _DUPLICATE_TYPES))
        ]
    )
