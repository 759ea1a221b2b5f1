"""Many runs: a sweep as a whole, launchers that share it among processes, GPUs that they share."""
