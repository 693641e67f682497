"""Labelled data set of chest X-rays: index, split, download, quality audit and tables for the explorer."""
