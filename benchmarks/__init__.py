"""Comparative measurements; each prints ratios of alternatives that were measured in turn in one run."""
