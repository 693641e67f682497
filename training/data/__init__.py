"""Training images: loading, batches and augmentation."""
