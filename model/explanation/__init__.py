"""Heat maps, and checks of how far one can be trusted."""
