"""Query parameters of a page, kept while another page is on screen."""

import streamlit as st


def remember_query(page: str) -> None:
    """Remember the query of a page, so that the menu leads back to it; a change of page clears the query."""
    st.session_state[_key(page)] = {name: st.query_params.get_all(name) for name in st.query_params}


def remembered_query(page: str) -> dict[str, list[str]] | None:
    """Return the query that `remember_query` stored for a page."""
    query: dict[str, list[str]] | None = st.session_state.get(_key(page))
    return query


def _key(page: str) -> str:
    return f"query_of_{page}"
