"""From annotated images to weights."""
