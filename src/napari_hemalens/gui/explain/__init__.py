"""Where a classifier looked, in a viewer: heatmaps as layers, cells beside their heatmapsmaps. No Qt."""
