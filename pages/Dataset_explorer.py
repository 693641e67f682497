"""The page "Dataset explorer": labelled images, the model's results on them, and its errors."""

import streamlit as st

from dataset.explorer.catalogue import select, sort
from model.codes import Population
from model.translation import N_
from model.translation import gettext as _
from ui.errors import show_errors
from ui.explorer.download import show_missing_images
from ui.explorer.filters import filter_controls, order_control
from ui.explorer.image_detail import current_image, open_image, set_paging_order, show_image_detail
from ui.explorer.overview import show_overview
from ui.explorer.quality import show_quality
from ui.formatting import percent
from ui.frame import page_frame
from ui.gallery import page_control, show_gallery
from ui.query_params import remember_query
from ui.resources import current_catalogue, current_release
from ui.settings import bind_operating_point_to_url, operating_point_control, selected_operating_point

page_frame(N_("Dataset explorer"))

with show_errors():
    release = current_release()
    bind_operating_point_to_url(release)
    catalogue = current_catalogue(release, selected_operating_point(release))
    opened_row = current_image(catalogue.rows)
    if opened_row is not None:
        show_image_detail(opened_row, catalogue.rows)
        st.stop()

    show_missing_images(catalogue)
    views = [_("Images"), _("Overview"), _("Audit")]
    default_view = views[0] if catalogue.n_on_disk else views[1]
    gallery_tab, overview_tab, quality_tab = st.tabs(views, default=default_view, key="view", bind="query-params")
    if gallery_tab.open:
        with gallery_tab:
            with st.container(horizontal=True, gap="medium"):
                operating_point_control(release)
                order, seed = order_control()
            rows = sort(select(catalogue.rows, filter_controls(catalogue)), order, seed)
            set_paging_order(rows["file"])
            show_gallery(page_control(rows, catalogue), "gallery", open_image)
            st.caption(
                _(
                    "The percentage is the probability of pneumonia at the training prevalence ({prevalence}). Results "
                    "on training and validation images are optimistic. Only the test images show how the model "
                    "performs on new images."
                ).format(prevalence=percent(release.populations[Population.CHILDREN].training_prevalence))
            )
    if overview_tab.open:
        with overview_tab:
            show_overview(release, catalogue.rows)
    if quality_tab.open:
        with quality_tab:
            show_quality(release, catalogue.rows)
    remember_query("pages/Dataset_explorer.py")
