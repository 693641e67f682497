"""Advice that is given for several kinds of file."""

from model.translation import N_

EXPORT_AS_PNG = N_("Export the X-ray as PNG or JPEG and upload that file.")
EXPORT_AGAIN = N_("Export or copy the X-ray again and upload the new file.")
