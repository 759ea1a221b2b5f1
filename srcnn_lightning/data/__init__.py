"""Images: where they come from, how they are cut, kept and handed to the training."""
