"""Teach, without its widgets: a project, its cells, and what a person says of them."""
