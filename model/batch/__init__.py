"""`python -m model read`: read many files from the command line."""
