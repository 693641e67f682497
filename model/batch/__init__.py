"""`python -m model read`: many files from the command line."""
