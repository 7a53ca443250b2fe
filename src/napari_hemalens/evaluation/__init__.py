"""Measures of trained networks on annotated images, and their reports."""
