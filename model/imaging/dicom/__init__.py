"""Read tags and pixels of DICOM files in a child process with limited resources."""
