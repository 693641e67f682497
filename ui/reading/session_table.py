"""Table of the uploads of a browser session, and its download."""

from functools import partial

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.inference.finding_rows import Row, to_csv
from ui.reading.caution_text import SHORT_TEXTS
from ui.session import SessionUploads, session_uploads
from ui.settings import SessionSettings

_COLUMNS = {
    "path": "File",
    "status": "Status",
    "verdict": "Verdict",
    "probability": "Probability",
    "prevalence": "at prevalence",
    "cautions": "Caution",
    "read_anyway": "Read anyway",
    "reason": "Reason",
}


def show_session_table(settings: SessionSettings) -> DeltaGenerator | None:
    """Draw the rows of this session, newest first; nothing if there are none.

    Returns:
        The slot of the table, for `show_session_rows`; None without rows.
    """
    uploads = session_uploads()
    if not len(uploads):
        return None
    with st.expander(f"Read in this session ({len(uploads)})", icon=":material/history:"):
        slot = st.empty()
        show_session_rows(slot, uploads.rows(settings))
        st.download_button(
            "All rows as CSV",
            data=partial(rows_csv, uploads, settings),
            file_name="findings.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
        st.caption("Kept in the memory of this session alone, gone minutes after the tab is closed.")
    return slot


def show_session_rows(slot: DeltaGenerator | None, rows: list[Row]) -> None:
    """Draw rows in the slot of the table."""
    if slot is None:
        return
    table = pd.DataFrame(rows)[list(_COLUMNS)]
    table["cautions"] = [", ".join(SHORT_TEXTS[caution] for caution in row["cautions"]) for row in rows]
    slot.dataframe(
        table,
        hide_index=True,
        column_config={
            **_COLUMNS,
            "probability": st.column_config.NumberColumn(_COLUMNS["probability"], format="%.3f"),
            "prevalence": st.column_config.NumberColumn(_COLUMNS["prevalence"], format="%.2f"),
        },
    )


def rows_csv(uploads: SessionUploads, settings: SessionSettings) -> str:
    """Return all rows of a session as CSV, as they are known now."""
    return to_csv(uploads.rows(settings))
