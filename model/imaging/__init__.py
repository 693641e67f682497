"""Decode files to `Radiograph`, and resize them to the working image that every network receives."""
