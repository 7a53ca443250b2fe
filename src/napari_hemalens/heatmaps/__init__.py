"""Where a classifier looks: its own attention, and the gradients of its answers, as heatmaps in the image's frame."""
