"""The handlers: what commands do to a run."""
