"""What a run drives: one interface, and the engines behind it."""
