"""What a person said, kept beside what the network said; no Qt."""
