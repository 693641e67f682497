"""Side-by-side measurements; each prints ratios of what was measured in turn in one run."""
