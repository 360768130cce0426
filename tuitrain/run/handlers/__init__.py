"""The handlers of commands: each applies one kind of command to a run."""
