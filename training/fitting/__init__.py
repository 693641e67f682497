"""Training runs, which can be killed and resumed at any time."""
