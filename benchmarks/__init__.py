"""Benchmarks. Each prints ratios of alternatives that were measured alternately in the same run."""
