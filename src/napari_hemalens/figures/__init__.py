"""Pictures of results: boxes, outlines, heatmaps."""
