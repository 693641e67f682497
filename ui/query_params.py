"""Query parameters of a page, kept while another page is on screen."""

import streamlit as st


def remember_query(page: str) -> None:
    """Store the query of a page for its menu link, because Streamlit clears the query when the page changes."""
    st.session_state[_key(page)] = {name: st.query_params.get_all(name) for name in st.query_params}


def remembered_query(page: str) -> dict[str, list[str]] | None:
    """Return the query that `remember_query` stored for a page; None if there is none."""
    query: dict[str, list[str]] | None = st.session_state.get(_key(page))
    return query


def _key(page: str) -> str:
    return f"query_of_{page}"
