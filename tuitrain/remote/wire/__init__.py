"""The traffic between a run and its viewers: frames, and the messages in them."""
