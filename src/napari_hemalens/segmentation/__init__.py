"""Images become instance labels of nucleated cells and of nuclei, by colour, brightness and shape; no network."""
