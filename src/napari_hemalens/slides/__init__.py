"""Images of any size as lazily read RGB: opening, axes, tiles, seams, background."""
