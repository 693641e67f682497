"""Gallery of labelled images: label, the model's probability, and whether its verdict is correct."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from dataset.explorer.catalogue import Catalogue, Outcome
from dataset.explorer.thumbnails import thumbnail
from model.errors import FileRefused
from model.messages import Message, MessageCode
from model.performance.terms import term
from model.sentences import render
from model.translation import N_, ngettext
from model.translation import gettext as _
from ui.formatting import percent

PAGE_PARAM = "page"  # key of the control and name in the URL
PAGE_SIZE = 24
ZERO_WIDTH_SPACE = "\N{ZERO WIDTH SPACE}"
OUTCOME_MARKS = {
    Outcome.CORRECT: N_(":material/check_circle: correct"),
    Outcome.INCORRECT: N_(":material/cancel: **incorrect**"),
    Outcome.INDETERMINATE: N_(":material/help: indeterminate"),
}
SPLIT_MARKS = {
    "training": N_(":material/school: used in training"),
    "validation": N_(":material/tune: used for validation"),
    "test": "",
}
# For images that the release was not measured on, whether or not it was trained on them.
_SPLIT_NAMES = {
    "training": N_("training split"),
    "validation": N_("validation split"),
    "test": N_("test split"),
}
NOT_ON_DISK_TEXT = N_("Not on this computer")
NO_MATCH_TEXT = N_("No image matches all filters. Remove a filter.")
_NO_IMAGE = """
<div style="text-align:center;font-size:.8rem;border-radius:.25rem;padding:.75rem;color:CanvasText;
background:color-mix(in srgb, CanvasText 8%, Canvas)">{text}</div>
"""


def page_control(rows: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Draw the number of rows and the pagination, and return the rows of the selected page."""
    pages = max(1, -(-len(rows) // PAGE_SIZE))
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        total = len(catalogue.rows)
        count = ngettext("**{shown}** of {total} image", "**{shown}** of {total} images", total)
        st.markdown(count.format(shown=f"{len(rows):,}", total=f"{total:,}"))
        page = st.pagination(pages, key=PAGE_PARAM, bind="query-params", width=440) if pages > 1 else 1
    if rows.empty:
        st.info(_(NO_MATCH_TEXT), icon=":material/search_off:")
    return rows.iloc[PAGE_SIZE * (page - 1) : PAGE_SIZE * page]


def is_measured(row: Mapping[str, Any] | pd.Series) -> bool:
    """Return whether the release has a result for an image."""
    return row["outcome"] is not None


def label_text(row: Mapping[str, Any] | pd.Series) -> str:
    """Return the label and cause of an image."""
    label = term(row["label"])
    return label if row["cause"] == "none" else f"{label}, {term(row['cause'])}"


def show_gallery(
    rows: pd.DataFrame, key: str, on_open: Callable[[str], None], notes: Sequence[str] | None = None
) -> bool:
    """Draw a tile for each row of the catalogue.

    Args:
        rows: Rows of `dataset.explorer.catalogue.Catalogue`.
        key: Key of the gallery, unique on the page.
        on_open: Called with the file name of an image that the user opens.
        notes: An additional line for each tile.

    Returns:
        Whether the user has just opened an image.
    """
    pressed = []
    with st.grid(6, min_column_width=150, gap="small", border=True, key=key):
        for number, row in enumerate(rows.to_dict("records")):
            with st.container(gap="xsmall"):
                _show_tile(row, notes[number] if notes else "")
                pressed.append(
                    st.button(
                        _breakable(row["file"].rsplit(".", 1)[0]),
                        key=f"{key}_{row['file']}",
                        help=_("Open this image"),
                        on_click=on_open,
                        args=(row["file"],),
                        width="stretch",
                    )
                )
    return any(pressed)


def _breakable(name: str) -> str:
    """Let a long file name wrap after its underscores, not within a word."""
    return name.replace("_", f"_{ZERO_WIDTH_SPACE}")


def _show_tile(row: Mapping[Any, Any], note: str) -> None:
    label = label_text(row)
    _show_thumbnail(row, label)
    lines = [f"**{label}**", *(_result_lines(row) if is_measured(row) else _annotation_lines(row)), note]
    st.markdown("  \n".join(filter(None, lines)))


def _result_lines(row: Mapping[Any, Any]) -> list[str]:
    result = f"{_(OUTCOME_MARKS[row['outcome']])}, {percent(row['probability'])}"
    return [result, _(mark) if (mark := SPLIT_MARKS[row["split"]]) else ""]


def _annotation_lines(row: Mapping[Any, Any]) -> list[str]:
    """Return the number of boxes that radiologists drew, and the split."""
    n_boxes = len(row["opacities"] or ())
    boxes = ngettext("{n} box", "{n} boxes", n_boxes).format(n=n_boxes) if n_boxes else _("no box")
    return [f":material/select: {boxes}", _(_SPLIT_NAMES[row["split"]])]


def _show_thumbnail(row: Mapping[Any, Any], label: str) -> None:
    if row["path"] is None:
        st.html(_NO_IMAGE.format(text=escape(_(NOT_ON_DISK_TEXT))))
        return
    try:
        jpeg = thumbnail(row["path"])
    except FileRefused as error:
        st.html(_NO_IMAGE.format(text=escape(str(error))))
    except OSError as error:
        message = Message(MessageCode.FILE_NOT_OPENED, {"reason": error.strerror or type(error).__name__})
        st.html(_NO_IMAGE.format(text=escape(render([message]))))
    else:
        st.image(jpeg, width="stretch", alt=_("Chest X-ray, labelled {label}").format(label=label))
