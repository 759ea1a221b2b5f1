"""One training: its parts, what watches it, its checkpoints, events and pictures."""
