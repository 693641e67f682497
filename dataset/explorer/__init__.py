"""Tables for the dataset explorer."""
