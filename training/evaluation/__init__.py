"""Measurements of a release. Nothing is fitted or selected here."""
