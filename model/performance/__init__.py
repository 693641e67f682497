"""The measured quality of a release: metrics, tables and sentences shared by pages and model card."""
