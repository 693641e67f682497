"""Similar training cases: the labelled pictures that the reader sees most like the one on screen."""

from collections.abc import Callable

import streamlit as st

from model.imaging.perceptual_hash import fingerprint
from model.imaging.preprocessing import working_picture
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Finding
from model.inference.release_loader import Release
from model.inference.similar_cases import Neighbour
from model.performance.tables import neighbours_sentence
from ui.gallery import gallery
from ui.resources import current_catalogue, current_gate, current_tables
from ui.settings import chosen_point

TITLE = "Similar training cases, not a second opinion"
SAME_FILM = "**the same film, or nearly**"
KNOWN = (
    "**The reader has learned from this film, or from a copy of it.** What it says of it flatters: it is no measure of "
    "how it reads films that it has not seen."
)


def similar_cases(
    finding: Finding, film: Radiograph, release: Release, opened: Callable[[str], None], group: str | None = None
) -> bool:
    """Draw the nearest training pictures with their labels; true where one of them was opened just now.

    Args:
        finding: whose embedding is compared.
        film: whose finding it is, at any size.
        release: whose training pictures they are.
        opened: is called with the file name when one is opened.
        group: of the film's patient, where known: nobody of it is shown.
    """
    if finding.model_version != release.version:  # its embedding says nothing to this release's index
        st.info("This film was read by another model. Choose the file again to see similar cases.")
        return False
    index, tables = current_gate().index, current_tables(release)
    near = index.nearest(finding.embedding, fingerprint(working_picture(film)), group)
    if any(one.same_film for one in near):
        st.warning(KNOWN, icon=":material/content_copy:")
    agree = sum(one.label == "PNEUMONIA" for one in near)
    st.markdown(f"Labelled PNEUMONIA among the {len(near)} training pictures most like this one: **{agree}**")
    rows = current_catalogue(release, chosen_point(release)).rows.loc[[one.file for one in near]]
    pressed = gallery(rows, "similar", opened, notes=[_note(one) for one in near])
    st.caption(
        f"Distance: 0 is the same to the reader; two training pictures lie {index.typical_distance:.2f} apart "
        f"(median). {neighbours_sentence(tables.metrics['neighbours'])}"
    )
    return pressed


def _note(near: Neighbour) -> str:
    note = f"distance {near.distance:.3f}"
    return f"{note}, {SAME_FILM}" if near.same_film else note
