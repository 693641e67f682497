"""Measurements of a release; nothing is chosen here."""
