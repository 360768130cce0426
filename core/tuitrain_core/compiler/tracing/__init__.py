"""Tracing: a forward pass, run and written down as a graph."""
