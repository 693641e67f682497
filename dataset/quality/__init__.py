"""Quality audit of the labelled set: duplicates, leakage, conflicting labels, outliers."""
