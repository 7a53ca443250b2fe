"""Options: of a run, of a training, and recipes by name."""
