"""Similar training cases: the labelled pictures that the reader sees most like the one on screen."""

from collections.abc import Callable

import streamlit as st

from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import working_image
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding
from model.inference.release_loader import Release
from model.inference.similar_cases import SimilarCase
from model.performance.tables import similar_cases_sentence
from ui.gallery import gallery
from ui.resources import current_catalogue, current_gate, current_release_data
from ui.settings import selected_operating_point

SIMILAR_CASES_TITLE = "Similar training cases, not a second opinion"
SAME_IMAGE_TEXT = "**the same film, or nearly**"
NOTE_TEXT = (
    "**The reader has learned from this film, or from a copy of it.** What it says of it flatters: it is no measure of "
    "how it reads films that it has not seen."
)


def show_similar_cases(
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
    index, tables = current_gate().index, current_release_data(release)
    near = index.nearest(finding.embedding, perceptual_hash(working_image(film)), group)
    if any(one.same_film for one in near):
        st.warning(NOTE_TEXT, icon=":material/content_copy:")
    agree = sum(one.label == "PNEUMONIA" for one in near)
    st.markdown(f"Labelled PNEUMONIA among the {len(near)} training pictures most like this one: **{agree}**")
    rows = current_catalogue(release, selected_operating_point(release)).rows.loc[[one.file for one in near]]
    pressed = gallery(rows, "similar", opened, notes=[_note(one) for one in near])
    st.caption(
        f"Distance: 0 is the same to the reader; two training pictures lie {index.typical_distance:.2f} apart "
        f"(median). {similar_cases_sentence(tables.metrics['neighbours'])}"
    )
    return pressed


def _note(near: SimilarCase) -> str:
    note = f"distance {near.distance:.3f}"
    return f"{note}, {SAME_IMAGE_TEXT}" if near.same_film else note
