"""Comparison of the findings of two checkouts on the same files, which shows that a refactoring changed no behaviour.

python -m tools.compare_findings BEFORE AFTER FILE_OR_FOLDER... [--renamed OLD=NEW ...]

Only the command line of the checkouts is used, so their modules may differ. Each checkout reads the files twice, first
without and then with --read-anyway. Rows, heat maps and overlays must be equal. AFTER may append columns.
"""
