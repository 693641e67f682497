"""The labelled set: file names to patient, cause and split; index, cut and download."""
