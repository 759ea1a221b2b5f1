"""One training: task, trainer and callbacks, checkpoints, TensorBoard events and images."""
