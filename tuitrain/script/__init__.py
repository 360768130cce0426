"""A training loop of a script, steered and recorded."""
