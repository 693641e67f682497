"""Network architectures and their export to LiteRT."""
