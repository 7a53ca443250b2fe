"""Attention blocks: one a file, one paper a block; none knows the network it stands in."""
