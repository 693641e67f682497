"""What stands behind the ? of a page's address, kept while another page is on screen."""

import streamlit as st


def remember_query(page: str) -> None:
    """Have the menu lead back to a page as its address is now: a change of page clears it."""
    st.session_state[_key(page)] = {name: st.query_params.get_all(name) for name in st.query_params}


def remembered_query(page: str) -> dict[str, list[str]] | None:
    """What `remember_query` kept."""
    return st.session_state.get(_key(page))


def _key(page: str) -> str:
    return f"address_of_{page}"
