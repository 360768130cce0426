"""Detached runs: starting one, and its process."""
