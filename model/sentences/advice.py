"""Advice that sentences about several kinds of file share."""

from model.translation import N_

EXPORT_AS_PNG = N_("Export the X-ray as PNG or JPEG and upload that file.")
EXPORT_AGAIN = N_("Export or copy the X-ray again and upload the new file.")
