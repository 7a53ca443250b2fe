"""What is counted and reported of results, as tables and texts."""
