"""Filters of the explorer. Most are part of the URL, so a view can be shared with a colleague.

The filters by file name and patient are not part of the URL, because URLs are kept in histories and logs.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dataset.adults import APPEARANCES
from dataset.explorer.catalogue import Catalogue, Filter, Order, Outcome
from model.codes import LABELS, SPLITS, Population, SplitName
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _
from ui.gallery import PAGE_PARAM

ORDER_PARAM = "order"  # key of the control and name in the URL
_CAUSES = ("bacterial", "viral")
# Streamlit writes the displayed text of an option to the URL. The English texts are therefore the codes themselves.
_ORDER_NAMES = {
    Order.NAME: N_("file name"),
    Order.HIGHEST: N_("highest probability first"),
    Order.LOWEST: N_("lowest probability first"),
    Order.WORST: N_("most confident error first"),
    Order.RANDOM: N_("random"),
}


def filter_controls(catalogue: Catalogue, population: Population) -> Filter:
    """Draw the filters of a population. After any change, the gallery starts at its first page."""
    return _adult_filters() if population is Population.ADULTS else _children_filters(catalogue)


def _children_filters(catalogue: Catalogue) -> Filter:
    with st.container(horizontal=True, gap="medium"):
        splits = _pills_control(_("Split"), SPLITS, "split", default=[SplitName.TEST])
        labels = _pills_control(_("Label"), LABELS, "class")
        causes = _pills_control(_("Cause"), _CAUSES, "cause")
        outcomes = _pills_control(_("Model result"), tuple(map(str, Outcome)), "result")
    on_disk = 0 < catalogue.n_on_disk < len(catalogue.rows) and st.toggle(
        _("Only images on this computer"), value=True, key="here", bind="query-params", on_change=_reset_page
    )
    with st.expander(_("Probability, file name, patient"), icon=":material/filter_alt:"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            low, high = st.slider(
                _("Probability of pneumonia (%)"), 0, 100, (0, 100), key="p", bind="query-params", on_change=_reset_page
            )
        name = _text_control(middle, _("File name contains"), "name_part", _("e.g. {text}").format(text="IM-0115"))
        patient = _text_control(
            right,
            _("Patient"),
            "patient_key",
            _("e.g. {first} or {second}").format(first="person12", second="person12_bacteria"),
        )
    return Filter(
        labels=tuple(labels),
        causes=tuple(causes),
        splits=tuple(splits),
        outcomes=tuple(outcomes),
        probability=(low / 100, high / 100),
        patient=patient,
        name=name,
        on_disk=on_disk,
    )


def _adult_filters() -> Filter:
    """Draw the filters for images without results. Labels and splits have the same names in the URL as for children."""
    with st.container(horizontal=True, gap="medium"):
        splits = _pills_control(_("Split"), SPLITS, "split", default=[SplitName.TEST])
        labels = _pills_control(_("Label"), LABELS, "class")
    appearances = _pills_control(_("Radiologists' study label"), APPEARANCES, "appearance")
    with st.expander(_("File name, patient"), icon=":material/filter_alt:"):
        left, right = st.columns(2, gap="medium")
        name = _text_control(left, _("File name contains"), "name_part", "")
        patient = _text_control(right, _("Patient"), "patient_key", "")
    return Filter(labels=tuple(labels), causes=tuple(appearances), splits=tuple(splits), patient=patient, name=name)


def order_control(population: Population) -> tuple[Order, int]:
    """Draw the controls for the order and for the seed of a random order, and return both."""
    orders: Sequence[Order] = (Order.NAME, Order.RANDOM) if population is Population.ADULTS else tuple(Order)
    order = st.selectbox(
        _("Order"),
        orders,
        key=ORDER_PARAM,
        bind="query-params",
        format_func=lambda order: _(_ORDER_NAMES[order]),
        on_change=_reset_page,
        width=280,
    )
    if order is not Order.RANDOM:
        return order, 0
    seed = st.number_input(_("Seed"), 0, 999_999, 0, key="seed", bind="query-params", on_change=_reset_page, width=150)
    return order, seed


def _pills_control(label: str, options: tuple[str, ...], key: str, **pills_options: Any) -> list[str]:
    return st.pills(
        label,
        options,
        selection_mode="multi",
        key=key,
        bind="query-params",
        format_func=term,
        on_change=_reset_page,
        **pills_options,
    )


def _text_control(column: DeltaGenerator, label: str, key: str, placeholder: str) -> str:
    return column.text_input(label, key=key, placeholder=placeholder, on_change=_reset_page, persist_state="page")


def _reset_page() -> None:
    st.session_state[PAGE_PARAM] = 1
