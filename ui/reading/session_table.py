"""The table of what a browser session has read, and its download."""

from collections.abc import Callable

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.inference.finding_rows import Row, to_csv
from ui.reading.caution_text import SHORT_TEXTS

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


def show_session_table(rows: Callable[[], list[Row]]) -> DeltaGenerator | None:
    """Draw the table of what this session has read, newest first; its place, for `update_session_table`, or None without rows."""
    count = len(rows())
    if not count:
        return None
    with st.expander(f"Read in this session ({count})", icon=":material/history:"):
        table = st.empty()
        update_session_table(table, rows())
        st.download_button(
            "All rows as CSV",
            data=lambda: to_csv(rows()),
            file_name="findings.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
        st.caption("Kept in the memory of this session alone, gone minutes after the tab is closed.")
    return table


def update_session_table(place: DeltaGenerator, rows: list[Row]) -> None:
    """Draw the rows in the place of the table."""
    shown = pd.DataFrame(rows)[list(_COLUMNS)]
    shown["cautions"] = [", ".join(SHORT_TEXTS[one] for one in row["cautions"]) for row in rows]
    place.dataframe(
        shown,
        hide_index=True,
        column_config={
            **_COLUMNS,
            "probability": st.column_config.NumberColumn(_COLUMNS["probability"], format="%.3f"),
            "prevalence": st.column_config.NumberColumn(_COLUMNS["prevalence"], format="%.2f"),
        },
    )
