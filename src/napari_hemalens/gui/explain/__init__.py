"""Where a classifier looked, in a viewer: heatmaps as layers, cells beside their heatmaps. No Qt."""
