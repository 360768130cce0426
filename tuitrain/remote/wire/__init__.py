"""What a run and its viewers send each other: frames, and the messages in them."""
