"""The radiograph viewer, one Streamlit component."""
