"""Filters of the explorer. They are part of the URL, so that a view can be sent to a colleague.

File name and patient are not: URLs are kept in histories and logs.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dataset.explorer.catalogue import Catalogue, Filter, Order, Outcome
from model.codes import LABELS, SPLITS
from ui.gallery import PAGE_PARAM

_CAUSES = ("bacterial", "viral")


def filter_controls(catalogue: Catalogue) -> Filter:
    """Draw the filters. After any change, the gallery starts at its first page."""
    with st.container(horizontal=True, gap="medium"):
        splits = _pills_control("Split", SPLITS, "split", default=["test"])
        labels = _pills_control("Class", LABELS, "class")
        causes = _pills_control("Cause", _CAUSES, "cause")
        outcomes = _pills_control("Reader was", tuple(map(str, Outcome)), "reader")
    on_disk = 0 < catalogue.n_on_disk < len(catalogue.rows) and st.toggle(
        "Only pictures on this computer", value=True, key="here", bind="query-params", on_change=_reset_page
    )
    with st.expander("Probability, file name, patient", icon=":material/filter_alt:"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            low, high = st.slider(
                "Probability of pneumonia, %", 0, 100, (0, 100), key="p", bind="query-params", on_change=_reset_page
            )
        name = _text_control(middle, "Part of the file name", "name_part", "IM-0115")
        patient = _text_control(right, "Patient", "patient_key", "person12 or person12_bacteria")
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


def order_control() -> tuple[Order, int]:
    """Draw the controls of the order and of the seed of a random order, and return both."""
    orders: Sequence[Order] = tuple(Order)
    order = st.selectbox("Order", orders, key="order", bind="query-params", on_change=_reset_page, width=280)
    if order is not Order.RANDOM:
        return order, 0
    seed = st.number_input("Seed", 0, 999_999, 0, key="seed", bind="query-params", on_change=_reset_page, width=150)
    return order, seed


def _pills_control(label: str, options: tuple[str, ...], key: str, **pills_options: Any) -> list[str]:
    return st.pills(
        label,
        options,
        selection_mode="multi",
        key=key,
        bind="query-params",
        on_change=_reset_page,
        **pills_options,
    )


def _text_control(column: DeltaGenerator, label: str, key: str, example: str) -> str:
    return column.text_input(
        label, key=key, placeholder=f"such as {example}", on_change=_reset_page, persist_state="page"
    )


def _reset_page() -> None:
    st.session_state[PAGE_PARAM] = 1
