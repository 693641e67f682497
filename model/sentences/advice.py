"""Advice that is given for several kinds of file or image."""

from model.translation import N_

EXPORT_AS_PNG = N_("Export the X-ray as PNG or JPEG and upload that file.")
EXPORT_AGAIN = N_("Export or copy the X-ray again and upload the new file.")
FULL_RANGE = N_("Choose another window if the file has one, or export the X-ray with its full range of grey values.")
