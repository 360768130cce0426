"""Watching and steering a run from other processes: over a Unix socket, and over ssh."""
