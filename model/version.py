"""Version of the program. A release of the model has its own version."""

VERSION = "1.7.0"
