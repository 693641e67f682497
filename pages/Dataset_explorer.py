"""The labelled pictures by class, what the reader makes of them and where it fails."""

import streamlit as st

from dataset.explorer.catalogue import select, sort
from ui.errors import show_errors
from ui.explorer.download import missing_images_notice
from ui.explorer.filters import filter_controls, order_control
from ui.explorer.image_detail import current_image, open_image, set_paging_order, show_image_detail
from ui.explorer.overview import show_overview
from ui.explorer.quality import show_quality
from ui.formatting import percent
from ui.frame import page_frame
from ui.gallery import gallery, paginate
from ui.query_params import remember_query
from ui.resources import current_catalogue, current_release
from ui.settings import bind_operating_point_to_url, operating_point_control, selected_operating_point

page_frame("Dataset explorer")

with show_errors():
    release = current_release()
    bind_operating_point_to_url(release)
    whole = current_catalogue(release, selected_operating_point(release))
    opened = current_image(whole.rows)
    if opened is not None:
        show_image_detail(opened, whole.rows)
        st.stop()

    missing_images_notice(whole)
    first = "Pictures" if whole.here else "Overview"
    pictures, overview, audit = st.tabs(
        ["Pictures", "Overview", "Audit"], default=first, key="view", bind="query-params"
    )
    if pictures.open:
        with pictures:
            with st.container(horizontal=True, gap="medium"):
                operating_point_control(release)
                order, seed = order_control()
            found = sort(select(whole.rows, filter_controls(whole)), order, seed)
            set_paging_order(found["file"])
            gallery(paginate(found, whole), "gallery", open_image)
            st.caption(
                "The percentage is the probability of pneumonia at the training prevalence, "
                f"{percent(release.training_prevalence)}. Pictures that were learned from, or used to choose, flatter "
                "the reader: only those of the official test split show how it does."
            )
    if overview.open:
        with overview:
            show_overview(release, whole.rows)
    if audit.open:
        with audit:
            show_quality(release, whole.rows)
    remember_query("pages/Dataset_explorer.py")
