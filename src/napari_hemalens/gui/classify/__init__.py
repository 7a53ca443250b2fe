"""Classify cells, behind its widget: the session, its cases and layers, the review, what is saved. No Qt."""
