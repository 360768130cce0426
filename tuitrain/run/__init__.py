"""The run: a session, the commands that act on it, its history, snapshots and thread."""
