"""Fitting of the admission check, and the inadmissible images that it is fitted on."""
