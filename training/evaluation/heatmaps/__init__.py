"""Measurements of the reliability of heat maps."""
