"""Screens that choose runs: start, compare, resume or open, new."""
