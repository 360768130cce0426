"""The live run: a session on its own thread, its mailbox, inspections and snapshots."""
