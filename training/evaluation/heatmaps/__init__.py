"""Measurements of how reliable the heat maps are."""
