"""Decode a file to a `Radiograph`, and resize it to the working image from which all networks get their input."""
