"""Similar training cases: the labelled images whose embeddings are nearest to that of the image on screen."""

from collections.abc import Callable

import streamlit as st

from model.codes import Label
from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import working_image
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding
from model.inference.release_loader import Release
from model.inference.similar_cases import SimilarCase
from model.performance.tables import similar_cases_sentence
from ui.gallery import show_gallery
from ui.resources import current_catalogue, current_gate, current_release_data
from ui.settings import selected_operating_point

SIMILAR_CASES_TITLE = "Similar training cases, not a second opinion"
SAME_IMAGE_TEXT = "**the same film, or nearly**"
NOTE_TEXT = (
    "**The reader has learned from this film, or from a copy of it.** What it says of it flatters: it is no measure of "
    "how it reads films that it has not seen."
)


def show_similar_cases(
    finding: Finding,
    radiograph: Radiograph,
    release: Release,
    on_open: Callable[[str], None],
    patient_group: str | None = None,
) -> bool:
    """Draw the nearest training images with their labels.

    Args:
        finding: Finding whose embedding is compared.
        radiograph: Radiograph of the finding, at any size.
        release: Release with the training images.
        on_open: Called with the file name of an image that the user opens.
        patient_group: Patient group of the radiograph, if known; its images are left out.

    Returns:
        Whether the user has opened an image just now.
    """
    if finding.model_version != release.version:  # the index holds embeddings of another model
        st.info("This film was read by another model. Choose the file again to see similar cases.")
        return False
    index, release_data = current_gate().index, current_release_data(release)
    cases = index.nearest(finding.embedding, perceptual_hash(working_image(radiograph)), patient_group)
    if any(case.is_duplicate for case in cases):
        st.warning(NOTE_TEXT, icon=":material/content_copy:")
    n_pneumonia = sum(case.label == Label.PNEUMONIA for case in cases)
    st.markdown(f"Labelled PNEUMONIA among the {len(cases)} training pictures most like this one: **{n_pneumonia}**")
    rows = current_catalogue(release, selected_operating_point(release)).rows.loc[[case.file for case in cases]]
    is_opened = show_gallery(rows, "similar", on_open, notes=[_note(case) for case in cases])
    st.caption(
        f"Distance: 0 is the same to the reader; two training pictures lie {index.typical_distance:.2f} apart "
        f"(median). {similar_cases_sentence(release_data.metrics['similar_cases'])}"
    )
    return is_opened


def _note(case: SimilarCase) -> str:
    note = f"distance {case.distance:.3f}"
    return f"{note}, {SAME_IMAGE_TEXT}" if case.is_duplicate else note
