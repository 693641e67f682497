"""Benchmarks. Each one compares alternatives, measured alternately in the same run, and prints their ratio."""
