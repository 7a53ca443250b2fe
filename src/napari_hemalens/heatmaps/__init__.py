"""Where a classifier looks: its own attention, and the gradients of its answers, as heat in the image's frame."""
