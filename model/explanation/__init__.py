"""Heat maps, and checks of their reliability."""
