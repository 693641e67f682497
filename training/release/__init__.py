"""Turn a finished run into a published release."""
