"""The page "Dataset explorer": labelled images, the model's results on them, and its errors."""

import streamlit as st

from dataset.explorer.catalogue import select, sort
from model.codes import Population
from model.translation import N_
from model.translation import gettext as _
from ui.errors import show_errors
from ui.explorer.adult_overview import show_adult_overview
from ui.explorer.download import show_missing_images
from ui.explorer.filters import filter_controls, order_control
from ui.explorer.image_detail import current_image, open_image, set_paging_order, show_image_detail
from ui.explorer.overview import show_overview
from ui.explorer.population import current_catalogues, population_control, show_how_to_add_adults
from ui.explorer.quality import show_adult_quality, show_quality
from ui.formatting import percent
from ui.frame import page_frame
from ui.gallery import page_control, show_gallery
from ui.query_params import remember_query
from ui.resources import current_release
from ui.settings import bind_operating_point_to_url, operating_point_control

page_frame(N_("Dataset explorer"))

with show_errors():
    release = current_release()
    bind_operating_point_to_url(release)
    catalogues = current_catalogues(release)
    opened = current_image(catalogues.values())
    if opened:
        opened_row, opened_catalogue = opened
        show_image_detail(opened_row, opened_catalogue.rows)
        st.stop()

    population = population_control(catalogues)
    catalogue, is_measured = catalogues[population], population is Population.CHILDREN
    if is_measured:
        show_missing_images(catalogue)
    if Population.ADULTS not in catalogues:
        show_how_to_add_adults()
    views = [_("Images"), _("Overview"), _("Audit")]
    default_view = views[0] if catalogue.n_on_disk else views[1]
    gallery_tab, overview_tab, quality_tab = st.tabs(views, default=default_view, key="view", bind="query-params")
    if gallery_tab.open:
        with gallery_tab:
            with st.container(horizontal=True, gap="medium"):
                if is_measured:
                    operating_point_control(release)
                order, seed = order_control(population)
            rows = sort(select(catalogue.rows, filter_controls(catalogue, population)), order, seed)
            set_paging_order(rows["file"])
            show_gallery(page_control(rows, catalogue), "gallery", open_image)
            if is_measured:
                caption = _(
                    "The percentage is the probability of pneumonia at the training prevalence ({prevalence}). Results "
                    "on training and validation images are optimistic. Only the test images show how the model "
                    "performs on new images."
                )
                prevalence = release.populations[Population.CHILDREN].training_prevalence
                st.caption(caption.format(prevalence=percent(prevalence)))
            else:
                st.caption(
                    _(
                        "This release was not measured on these images, so the gallery shows no results. Open an image "
                        "to read it with the model."
                    )
                )
    if overview_tab.open:
        with overview_tab:
            if is_measured:
                show_overview(release, catalogue.rows)
            else:
                show_adult_overview(catalogue.rows)
    if quality_tab.open:
        with quality_tab:
            if is_measured:
                show_quality(release, catalogue.rows)
            else:
                show_adult_quality()
    remember_query("pages/Dataset_explorer.py")
