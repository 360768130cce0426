"""Logs of other programs as recordings."""
