"""Alerts: a command or a webhook for the end of a run, its pauses by itself, and its failure."""
