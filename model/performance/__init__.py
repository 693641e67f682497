"""Performance of a release: metrics, tables and sentences for the pages and the model card."""
