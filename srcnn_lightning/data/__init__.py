"""Images on their way to the training: source, split, targets, pairs."""
