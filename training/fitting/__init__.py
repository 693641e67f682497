"""Training runs that can be killed and resumed at any time."""
