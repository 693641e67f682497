"""Similar training cases: the labelled images whose embeddings are closest to that of the image on screen."""

from collections.abc import Callable

import streamlit as st

from model.codes import Caution, Label
from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import working_image
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding
from model.inference.release_loader import Release
from model.inference.similar_cases import SimilarCase
from model.performance.similar_cases import similar_cases_sentence
from model.sentences import render_codes
from model.translation import N_
from model.translation import gettext as _
from ui.gallery import show_gallery
from ui.resources import current_catalogue, current_gate, current_release_data
from ui.settings import selected_operating_point

SIMILAR_CASES_TITLE = N_("Similar training cases (not a second opinion)")
SAME_IMAGE_TEXT = N_("**duplicate or near-duplicate**")
ANOTHER_MODEL_TEXT = N_(
    "This image was read by a different version of the model. Upload the file again to see similar cases."
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
        finding: Finding with the embedding to compare.
        radiograph: Radiograph of the finding, at any size.
        release: Release with the index of the training images.
        on_open: Called with the file name of an image that the user opens.
        patient_group: Patient group of the radiograph, if known; its images are left out.

    Returns:
        Whether the user has just opened an image.
    """
    if finding.model_version != release.version:  # the index holds embeddings of another model
        st.info(_(ANOTHER_MODEL_TEXT))
        return False
    index, release_data = current_gate().index, current_release_data(release)
    cases = index.nearest(finding.embedding, perceptual_hash(working_image(radiograph)), patient_group)
    if any(case.is_duplicate for case in cases):
        st.warning(render_codes((Caution.NEAR_DUPLICATE,)), icon=":material/content_copy:")
    n_pneumonia = sum(case.label == Label.PNEUMONIA for case in cases)
    count = _("Labelled PNEUMONIA: **{pneumonia}** of the {n} most similar training images")
    st.markdown(count.format(pneumonia=n_pneumonia, n=len(cases)))
    rows = current_catalogue(release, selected_operating_point(release)).rows.loc[[case.file for case in cases]]
    is_opened = show_gallery(rows, "similar", on_open, notes=[_note(case) for case in cases])
    distance = _(
        "A distance of 0 means that the model cannot distinguish the two images. Median distance between training "
        "images: {median}."
    )
    st.caption(
        f"{distance.format(median=f'{index.typical_distance:.2f}')} "
        f"{similar_cases_sentence(release_data.metrics['similar_cases'])}"
    )
    return is_opened


def _note(case: SimilarCase) -> str:
    note = _("distance {distance}").format(distance=f"{case.distance:.3f}")
    return f"{note}, {_(SAME_IMAGE_TEXT)}" if case.is_duplicate else note
