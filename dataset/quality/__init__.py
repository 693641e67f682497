"""Quality audit of the labelled data set: duplicates, leakage, conflicting labels and outliers."""
