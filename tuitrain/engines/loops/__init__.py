"""Training loops that an engine steers and does not own."""
