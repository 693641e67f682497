"""Tiles of labelled pictures: what the film is labelled, what the reader says of it, and whether that was right."""

from collections.abc import Callable, Sequence
from html import escape

import pandas as pd
import streamlit as st

from dataset.explorer.catalogue import Catalogue, Outcome
from dataset.explorer.thumbnails import thumbnail
from model.errors import FileRefused
from ui.formatting import percent

PAGE_PARAM = "page"  # the name of the control, and so that of the address
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
_NO_PICTURE = """
<div style="text-align:center;font-size:.8rem;border-radius:.25rem;padding:.75rem;color:CanvasText;
background:color-mix(in srgb, CanvasText 8%, Canvas)">{words}</div>
"""


def paginate(rows: pd.DataFrame, whole: Catalogue) -> pd.DataFrame:
    """Draw the choice of a page and say how many rows there are; the rows of that page."""
    pages = max(1, -(-len(rows) // PAGE_SIZE))
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.markdown(f"**{len(rows):,}** of {len(whole.rows):,} pictures")
        page = st.pagination(pages, key=PAGE_PARAM, bind="query-params", width=440) if pages > 1 else 1
    if rows.empty:
        st.info("No picture fits all of these filters. Take one away.", icon=":material/search_off:")
    return rows.iloc[PAGE_SIZE * (page - 1) : PAGE_SIZE * page]


def label_text(row: pd.Series) -> str:
    """Class and cause of a picture."""
    return row["label"] if row["cause"] == "none" else f"{row['label']}, {row['cause']}"


def gallery(rows: pd.DataFrame, key: str, opened: Callable[[str], None], notes: Sequence[str] | None = None) -> bool:
    """Draw a tile for each row; true where one of them was opened just now.

    Args:
        rows: some of `dataset.explorer.catalogue.Catalogue`.
        key: unique on the page.
        opened: is called with the file name when a tile is opened.
        notes: a line more for each tile.
    """
    pressed = []
    with st.grid(6, min_column_width=150, gap="small", border=True, key=key):
        for number, row in enumerate(rows.to_dict("records")):
            with st.container(gap="xsmall"):
                _tile(row, notes[number] if notes else "")
                pressed.append(
                    st.button(
                        row["file"].rsplit(".", 1)[0],
                        key=f"{key}_{row['file']}",
                        help="Open this picture",
                        on_click=opened,
                        args=(row["file"],),
                        width="stretch",
                    )
                )
    return any(pressed)


def _tile(row: dict, note: str) -> None:
    words = label_text(row)
    _image(row, words)
    lines = [
        f"**{words}**",
        f"{OUTCOME_MARKS[row['outcome']]}, {percent(row['probability'])}",
        SPLIT_MARKS[row["split"]],
        note,
    ]
    st.markdown("  \n".join(filter(None, lines)))


def _image(row: dict, words: str) -> None:
    if row["path"] is None:
        st.html(_NO_PICTURE.format(words="Not on this computer"))
        return
    try:
        small = thumbnail(row["path"])
    except FileRefused as refused:
        st.html(_NO_PICTURE.format(words=escape(str(refused))))
    except OSError as error:
        st.html(_NO_PICTURE.format(words=escape(f"The file cannot be opened ({error.strerror}).")))
    else:
        st.image(small, width="stretch", alt=f"Chest radiograph, labelled {words}")
