"""Many runs: a sweep, and the launchers that share it among processes."""
