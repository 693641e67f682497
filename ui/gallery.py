"""Tiles of labelled images: the label, the classifier's probability, and whether it was right."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from dataset.explorer.catalogue import Catalogue, Outcome
from dataset.explorer.thumbnails import thumbnail
from model.errors import FileRefused
from ui.formatting import percent

PAGE_PARAM = "page"  # key of the control and name in the URL
PAGE_SIZE = 24
OUTCOME_MARKS = {
    Outcome.RIGHT: ":material/check_circle: right",
    Outcome.WRONG: ":material/cancel: **wrong**",
    Outcome.INDETERMINATE: ":material/help: indeterminate",
}
SPLIT_MARKS = {
    "training": ":material/school: learned from",
    "validation": ":material/tune: used to choose",
    "test": "",
}
_NO_IMAGE = """
<div style="text-align:center;font-size:.8rem;border-radius:.25rem;padding:.75rem;color:CanvasText;
background:color-mix(in srgb, CanvasText 8%, Canvas)">{text}</div>
"""


def page_control(rows: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Draw the number of rows and the control of the page, and return the rows of that page."""
    pages = max(1, -(-len(rows) // PAGE_SIZE))
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.markdown(f"**{len(rows):,}** of {len(catalogue.rows):,} pictures")
        page = st.pagination(pages, key=PAGE_PARAM, bind="query-params", width=440) if pages > 1 else 1
    if rows.empty:
        st.info("No picture fits all of these filters. Take one away.", icon=":material/search_off:")
    return rows.iloc[PAGE_SIZE * (page - 1) : PAGE_SIZE * page]


def label_text(row: Mapping[str, Any] | pd.Series) -> str:
    """Return class and cause of an image."""
    return f"{row['label']}" if row["cause"] == "none" else f"{row['label']}, {row['cause']}"


def show_gallery(
    rows: pd.DataFrame, key: str, on_open: Callable[[str], None], notes: Sequence[str] | None = None
) -> bool:
    """Draw a tile for each row.

    Args:
        rows: Rows of `dataset.explorer.catalogue.Catalogue`.
        key: Key of the gallery, unique on the page.
        on_open: Called with the file name of an image that the user opens.
        notes: One more line for each tile.

    Returns:
        Whether the user has opened an image just now.
    """
    pressed = []
    with st.grid(6, min_column_width=150, gap="small", border=True, key=key):
        for number, row in enumerate(rows.to_dict("records")):
            with st.container(gap="xsmall"):
                _show_tile(row, notes[number] if notes else "")
                pressed.append(
                    st.button(
                        row["file"].rsplit(".", 1)[0],
                        key=f"{key}_{row['file']}",
                        help="Open this picture",
                        on_click=on_open,
                        args=(row["file"],),
                        width="stretch",
                    )
                )
    return any(pressed)


def _show_tile(row: Mapping[Any, Any], note: str) -> None:
    label = label_text(row)
    _show_thumbnail(row, label)
    lines = [
        f"**{label}**",
        f"{OUTCOME_MARKS[row['outcome']]}, {percent(row['probability'])}",
        SPLIT_MARKS[row["split"]],
        note,
    ]
    st.markdown("  \n".join(filter(None, lines)))


def _show_thumbnail(row: Mapping[Any, Any], label: str) -> None:
    if row["path"] is None:
        st.html(_NO_IMAGE.format(text="Not on this computer"))
        return
    try:
        jpeg = thumbnail(row["path"])
    except FileRefused as error:
        st.html(_NO_IMAGE.format(text=escape(str(error))))
    except OSError as error:
        st.html(_NO_IMAGE.format(text=escape(f"The file cannot be opened ({error.strerror}).")))
    else:
        st.image(jpeg, width="stretch", alt=f"Chest radiograph, labelled {label}")
