"""Altair charts, tables and drawings; no session state."""
