"""Scenarios: a run written down, with what is done to it and what must hold."""
