"""The dataset explorer: filters, image detail, overview, quality, download."""
