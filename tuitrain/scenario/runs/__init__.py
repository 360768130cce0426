"""Recorded runs, read-only: listed, and shown moment by moment."""
