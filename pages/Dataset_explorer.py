"""The labelled pictures by class, what the reader makes of them and where it fails."""

import streamlit as st

from dataset.explorer.catalogue import ordered, select
from ui.errors import shown_problems
from ui.explorer.download import offer_missing
from ui.explorer.filters import choose_order, choose_pictures
from ui.explorer.image_detail import open_picture, opened_picture, show_picture, turn_over_among
from ui.explorer.overview import show_overview
from ui.explorer.quality import show_audit
from ui.frame import frame
from ui.gallery import gallery, page_of
from ui.query_params import keep_address
from ui.reading.finding_panel import percent
from ui.resources import current_catalogue, current_release
from ui.settings import choose_point, chosen_point, share_point

frame("Dataset explorer")

with shown_problems():
    release = current_release()
    share_point(release)
    whole = current_catalogue(release, chosen_point(release))
    opened = opened_picture(whole.rows)
    if opened is not None:
        show_picture(opened, whole.rows)
        st.stop()

    offer_missing(whole)
    first = "Pictures" if whole.here else "Overview"
    pictures, overview, audit = st.tabs(
        ["Pictures", "Overview", "Audit"], default=first, key="view", bind="query-params"
    )
    if pictures.open:
        with pictures:
            with st.container(horizontal=True, gap="medium"):
                choose_point(release)
                order, seed = choose_order()
            found = ordered(select(whole.rows, choose_pictures(whole)), order, seed)
            turn_over_among(found["file"])
            gallery(page_of(found, whole), "gallery", open_picture)
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
            show_audit(release, whole.rows)
    keep_address("pages/Dataset_explorer.py")
