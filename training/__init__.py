"""Training program: trains, evaluates and releases the models that the app loads."""
