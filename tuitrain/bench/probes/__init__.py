"""Scripts that measure from inside a run's process."""
