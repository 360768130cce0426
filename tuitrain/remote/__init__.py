"""Watching and steering a run from other processes: a Unix socket a run, ssh for the rest."""
