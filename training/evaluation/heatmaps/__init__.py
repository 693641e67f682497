"""How reliable the heat maps are."""
