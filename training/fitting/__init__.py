"""Training runs that survive being killed."""
