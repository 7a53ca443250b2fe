"""From an image and weights to cells."""
