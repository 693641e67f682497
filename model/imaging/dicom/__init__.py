"""DICOM files: tags and pixels, read in a limited child process."""
