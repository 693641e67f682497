"""File bytes to `Radiograph`, and to the working image that every network receives."""
