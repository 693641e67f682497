"""Choice of the labelled set in the explorer, and how to add the adult data set."""

import streamlit as st

from dataset.adult_tables import BOXES_FILE, LABELS_FILE, LUNG_BOXES_FILE
from dataset.adults import DEFAULT_ADULT_ROOT
from dataset.explorer.catalogue import Catalogue, Order
from dataset.sources import SOURCES
from model.codes import POPULATIONS, Population
from model.inference.release_loader import Release
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _
from ui.errors import show_errors
from ui.explorer.filters import ORDER_PARAM
from ui.gallery import PAGE_PARAM
from ui.resources import current_adult_catalogue, current_catalogue
from ui.settings import selected_operating_point

COMPETITION_PAGE = "https://www.kaggle.com/competitions/siim-covid19-detection"
ADULTS_MISSING_TEXT = N_("The adult data set is not available. How to add it")
CHILDREN_MISSING_TEXT = N_(
    "The images of the children are not on this computer. Choose **children** to download them, or set "
    "`{variable}` to their folder."
)
ADULT_TERMS_TEXT = N_(
    "The adult images are those of the competition SIIM-FISABIO-RSNA COVID-19 Detection (2021). This program cannot "
    "download them: log in at [kaggle.com]({page}) with your own account and accept the rules of the competition. The "
    "images come from BIMCV-COVID19 and MIDRC-RICORD (CC BY-NC 4.0), for research and non-commercial use only."
)
ADULT_LAYOUT_TEXT = N_(
    "Set `{variable}` to a folder with this content (default: `{folder}` in the program's folder). "
    "`docs/retraining.md` describes it. The program does not convert the competition's DICOM files to this layout."
)
_LAYOUT = (
    (LABELS_FILE, N_("file, label, appearance, patient, study, test")),
    (BOXES_FILE, N_("file, x, y, width, height: boxes around opacities, in pixels")),
    (LUNG_BOXES_FILE, N_("file, x, y, width, height: one box around both lungs (optional)")),
    ("normal/", N_("images without pneumonia, 256 x 256 pixels")),
    ("pneumonia/", N_("images with pneumonia, 256 x 256 pixels")),
)


def current_catalogues(release: Release) -> dict[Population, Catalogue]:
    """Return the labelled sets: the children, and the adults if their images are on this computer.

    If the adult data set is incomplete or malformed, an error is shown and the page continues without it.
    """
    catalogues = {Population.CHILDREN: current_catalogue(release, selected_operating_point(release))}
    with show_errors(optional=True):
        if adults := current_adult_catalogue(release):
            catalogues[Population.ADULTS] = adults
    return catalogues


def population_control(catalogues: dict[Population, Catalogue]) -> Population:
    """Draw the choice of the labelled set if there are two, and return the chosen one.

    Only one set is shown at a time, because counts and charts of both together would mislead: they come from different
    hospitals and have different labels.
    """
    if Population.ADULTS not in catalogues:
        return Population.CHILDREN
    has_children = catalogues[Population.CHILDREN].n_on_disk > 0
    chosen: Population = st.segmented_control(
        _("Population"),
        POPULATIONS,
        default=Population.CHILDREN if has_children else Population.ADULTS,
        format_func=term,
        key="population",
        bind="query-params",
        required=True,
        on_change=_reset_gallery,
    )
    if chosen is Population.ADULTS and not has_children:
        st.caption(_(CHILDREN_MISSING_TEXT).format(variable=SOURCES[Population.CHILDREN].variable))
    return chosen


def show_how_to_add_adults() -> None:
    """Draw what to do to see the adult data set: terms, and the layout of its folder."""
    with st.expander(_(ADULTS_MISSING_TEXT), icon=":material/help:"):
        variable = SOURCES[Population.ADULTS].variable
        st.markdown(_(ADULT_TERMS_TEXT).format(page=COMPETITION_PAGE))
        st.markdown(_(ADULT_LAYOUT_TEXT).format(variable=variable, folder=DEFAULT_ADULT_ROOT.as_posix()))
        st.markdown("\n".join(f"- `{name}`: {_(content)}" for name, content in _LAYOUT))


def _reset_gallery() -> None:
    """Return to the first page and the first order, because adults have no probabilities to order them by."""
    st.session_state[PAGE_PARAM] = 1
    st.session_state[ORDER_PARAM] = Order.NAME
