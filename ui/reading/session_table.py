"""Table of the uploads of a browser session, and its download."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.inference.finding_rows import to_csv
from model.plain_text import spreadsheet_text
from model.sentences import render
from model.translation import N_
from model.translation import gettext as _
from ui.reading.caution_text import short_text
from ui.session import RefusedUpload, SessionUploads, UploadResult, session_uploads
from ui.settings import SessionSettings
from ui.verdicts import VERDICT_NAMES

TABLE_TITLE = N_("Files in this session ({count})")
DOWNLOAD_ALL = N_("Download all results (CSV)")
_COLUMNS = {
    "path": N_("File"),
    "status": N_("Status"),
    "verdict": N_("Verdict"),
    "probability": N_("Probability"),
    "prevalence": N_("Prevalence"),
    "cautions": N_("Cautions"),
    "read_anyway": N_("Read despite refusal"),
    "reason": N_("Reason for refusal"),
}
_PERCENTAGES = ("probability", "prevalence")  # numbers, so that the user can sort by them
_SHOWN_PERCENT = 0.1, 99.9  # never 0% or 100%: no classifier is that certain


def show_session_table(settings: SessionSettings) -> DeltaGenerator | None:
    """Draw the uploads of this session, newest first; nothing if there are none.

    Returns:
        The slot of the table, for `show_session_rows`; None without uploads.
    """
    uploads = session_uploads()
    if not len(uploads):
        return None
    with st.expander(_(TABLE_TITLE).format(count=len(uploads)), icon=":material/history:"):
        slot = st.empty()
        show_session_rows(slot, settings)
        st.download_button(
            _(DOWNLOAD_ALL),
            data=partial(rows_csv, uploads, settings),
            file_name="findings.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
        st.caption(_("Kept only in the memory of this session. Deleted a few minutes after you close the tab."))
    return slot


def show_session_rows(slot: DeltaGenerator | None, settings: SessionSettings) -> None:
    """Draw the rows of this session in the slot of the table."""
    if slot is None:
        return
    table = pd.DataFrame([_table_row(upload, settings) for upload in session_uploads()], columns=list(_COLUMNS))
    columns: dict[str, Any] = {name: _(label) for name, label in _COLUMNS.items()}
    percentages = {name: st.column_config.NumberColumn(columns[name], format="%.1f%%") for name in _PERCENTAGES}
    slot.dataframe(table, hide_index=True, column_config=columns | percentages)


def _table_row(upload: UploadResult, settings: SessionSettings) -> dict[str, Any]:
    """Return the cells of an upload. The browser also offers them as CSV."""
    row: dict[str, Any] = dict.fromkeys(_COLUMNS, "") | dict.fromkeys(_PERCENTAGES)
    row |= {"path": spreadsheet_text(upload.file.name), "reason": render(upload.refusal_messages)}
    if isinstance(upload, RefusedUpload):
        return row | {"status": _("refused"), "read_anyway": ""}
    finding = upload.presented(settings)
    return row | {
        "status": _("read"),
        "verdict": _(VERDICT_NAMES[finding.verdict]),
        "probability": float(np.clip(100 * finding.probability, *_SHOWN_PERCENT)),
        "prevalence": 100 * finding.prevalence,
        "cautions": ", ".join(map(short_text, finding.cautions)),
        "read_anyway": _("yes") if finding.refusals else "",
    }


def rows_csv(uploads: SessionUploads, settings: SessionSettings) -> str:
    """Return all current rows of a session as CSV, in English."""
    return to_csv(uploads.rows(settings))
