"""Admission check: an image is accepted, accepted with cautions, or refused with a reason."""
