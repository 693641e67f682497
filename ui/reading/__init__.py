"""Parts of the reading page."""
