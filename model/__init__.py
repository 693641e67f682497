"""Reading a radiograph: file bytes to Radiograph to Finding. No Streamlit, no TensorFlow."""
