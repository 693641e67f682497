"""The explorer's filters: they stand in the page's address, so that a view can be sent to a colleague.

File name and patient do not: an address is kept in histories and logs.
"""

import streamlit as st

from dataset.explorer.catalogue import Catalogue, Filter, Order, Outcome
from model.codes import LABELS, SPLITS
from ui.gallery import PAGE_PARAM

_CAUSES = ("bacterial", "viral")


def filter_controls(whole: Catalogue) -> Filter:
    """Draw the filters; whatever is chosen, the gallery begins at its first page."""
    with st.container(horizontal=True, gap="medium"):
        splits = _pills("Split", SPLITS, "split", default=["test"])
        labels = _pills("Class", LABELS, "class")
        causes = _pills("Cause", _CAUSES, "cause")
        outcomes = _pills("Reader was", tuple(map(str, Outcome)), "reader")
    on_disk = 0 < whole.here < len(whole.rows) and st.toggle(
        "Only pictures on this computer", value=True, key="here", bind="query-params", on_change=_reset_page
    )
    with st.expander("Probability, file name, patient", icon=":material/filter_alt:"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            least, most = st.slider(
                "Probability of pneumonia, %", 0, 100, (0, 100), key="p", bind="query-params", on_change=_reset_page
            )
        name = _text(middle, "Part of the file name", "name_part", "IM-0115")
        patient = _text(right, "Patient", "patient_key", "person12 or person12_bacteria")
    return Filter(
        labels=tuple(labels),
        causes=tuple(causes),
        splits=tuple(splits),
        outcomes=tuple(outcomes),
        probability=(least / 100, most / 100),
        patient=patient,
        name=name,
        on_disk=on_disk,
    )


def order_control() -> tuple[Order, int]:
    """Draw the choice of an order and, for the random one, of a seed."""
    order = st.selectbox("Order", list(Order), key="order", bind="query-params", on_change=_reset_page, width=280)
    if order is not Order.RANDOM:
        return order, 0
    seed = st.number_input("Seed", 0, 999_999, 0, key="seed", bind="query-params", on_change=_reset_page, width=150)
    return order, seed


def _pills(label: str, options: tuple[str, ...], key: str, **more) -> list[str]:
    return st.pills(label, options, selection_mode="multi", key=key, bind="query-params", on_change=_reset_page, **more)


def _text(column, label: str, key: str, example: str) -> str:
    return column.text_input(
        label, key=key, placeholder=f"such as {example}", on_change=_reset_page, persist_state="page"
    )


def _reset_page() -> None:
    st.session_state[PAGE_PARAM] = 1
