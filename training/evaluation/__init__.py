"""Measurements of a release; nothing is fitted or selected here."""
