"""The folder of a project: its classes, its images, and all that a person said of its cells."""
