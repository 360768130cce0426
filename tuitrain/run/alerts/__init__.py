"""Alerts: a command or a webhook that reports the end, automatic pauses and failures of a run."""
