"""Classify cells, behind its widget: the session, its states and layers, the review, what is saved. No Qt."""
