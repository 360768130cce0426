"""Alerts: a command or a web address that is told when a run ends, pauses by itself, or fails."""
