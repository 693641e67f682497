"""Training program: fits, evaluates and releases the models that the app loads."""
