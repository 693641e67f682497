"""Dataset explorer: filters, image detail, overview, quality, download."""
