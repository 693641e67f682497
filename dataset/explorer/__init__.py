"""Tables behind the dataset explorer."""
