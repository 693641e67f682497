"""Sections of the page "Model performance"; no session state."""
