"""Download of the public data set or of a few sample images."""
